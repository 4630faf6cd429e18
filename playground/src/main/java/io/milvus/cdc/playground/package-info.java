/**
 * Starts the real parts of a replication on one machine without containers: etcd, Pulsar, a source
 * and a target Milvus, a Flink cluster and the control server. The demo, the tests of all modules
 * and the benchmark use this one code path.
 *
 * <p>Runs on Linux: process identities are read from {@code /proc}, and the etcd and Milvus
 * binaries are Linux binaries.
 */
package io.milvus.cdc.playground;
