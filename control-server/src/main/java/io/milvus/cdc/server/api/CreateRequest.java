package io.milvus.cdc.server.api;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.log.UnusableStartException;
import io.milvus.cdc.security.ClientCertificate;
import io.milvus.cdc.security.PemException;
import io.milvus.cdc.security.PemFiles;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.server.tasks.NewTask;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.Selection.Entry;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TargetCluster.Credentials;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads the {@code request_data} of a create request. */
final class CreateRequest {

  private static final String DEFAULT_DATABASE = "default";
  private static final Pattern TASK_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");

  /** Milvus' rule for names of databases and collections. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_$]{0,254}");

  private static final String POISONED_MESSAGES = "poisoned_messages";
  private static final double DEFAULT_CONNECT_TIMEOUT = 10;
  private static final double LONGEST_CONNECT_TIMEOUT = 3600;
  private static final int MILVUS_PORT = 19530;
  private static final int HTTPS_PORT = 443;

  private CreateRequest() {}

  /**
   * Reads and checks all fields.
   *
   * @throws BadRequestException naming the first field that is wrong
   */
  static NewTask read(ObjectNode data) {
    Fields fields = new Fields(data, "request_data");
    Fields connection =
        fields
            .object("milvus_connect_param")
            .orElseThrow(
                () ->
                    new BadRequestException(
                        "request_data.milvus_connect_param is missing; it says where the target"
                            + " Milvus is, for example {\"uri\": \"http://localhost:19530\"}"));
    TargetCluster target = target(connection);
    Starts starts = new Starts();
    Selection selection = NameMapping.read(fields, selection(fields, starts));
    Optional<String> taskId = fields.text("task_id");
    if (taskId.filter(id -> !TASK_ID.matcher(id).matches()).isPresent()) {
      throw new BadRequestException(
          "request_data.task_id '"
              + taskId.get()
              + "' must be 1 to 64 letters, digits, '-' and '_', the first a letter or digit");
    }
    boolean start = !fields.bool("disable_auto_start").orElse(false);
    Optional<Integer> parallelism = parallelism(fields);
    boolean quarantine = quarantine(fields);
    fields.ignore("rpc_channel_info", "buffer_config");
    fields.refuseUnknown();
    return new NewTask(
        taskId,
        target,
        selection,
        starts.requested(),
        withoutSecrets(data),
        start,
        parallelism,
        quarantine);
  }

  /** What is to become of a message that cannot be applied. */
  private static boolean quarantine(Fields fields) {
    String policy = fields.text(POISONED_MESSAGES).orElse("fail");
    return switch (policy) {
      case "fail" -> false;
      case "quarantine" -> true;
      default ->
          throw new BadRequestException(
              fields.name(POISONED_MESSAGES)
                  + " must be \"fail\" (such a message stops its collection) or \"quarantine\" (it is"
                  + " left out and kept in a topic)");
    };
  }

  /** How many subtasks a job is to have, if that is said; the service knows which are possible. */
  static Optional<Integer> parallelism(Fields fields) {
    return fields
        .integer("parallelism")
        .map(wanted -> (int) Math.max(0, Math.min(wanted, Integer.MAX_VALUE)));
  }

  private static ObjectNode withoutSecrets(ObjectNode data) {
    ObjectNode request = JsonNodeFactory.instance.objectNode();
    ObjectNode connection = data.get("milvus_connect_param").deepCopy();
    connection.remove(List.of("token", "username", "password"));
    request.set("milvus_connect_param", connection);
    for (String field : List.of("collection_infos", "db_collections", "name_mapping")) {
      if (data.hasNonNull(field) && !data.get(field).isEmpty()) {
        request.set(field, data.get(field).deepCopy());
      }
    }
    for (String field : List.of("parallelism", POISONED_MESSAGES)) {
      if (data.hasNonNull(field)) {
        request.set(field, data.get(field));
      }
    }
    return request;
  }

  private static TargetCluster target(Fields fields) {
    Optional<String> uri = fields.text("uri");
    Optional<String> token = fields.text("token");
    Optional<String> host = fields.text("host");
    Optional<Long> port = fields.integer("port");
    Optional<String> username = fields.text("username");
    Optional<String> password = fields.text("password");
    Optional<Boolean> tls = fields.bool("enable_tls");
    double timeout = fields.number("connect_timeout").orElse(DEFAULT_CONNECT_TIMEOUT);
    Optional<Fields> dialConfig = fields.object("dial_config");
    fields.ignore("channel_num", "ignore_partition");
    fields.refuseUnknown();
    if (!(timeout > 0 && timeout <= LONGEST_CONNECT_TIMEOUT)) {
      throw new BadRequestException(
          fields.name("connect_timeout")
              + " is "
              + timeout
              + " but must be more than 0 and at most 3600 seconds");
    }
    if (uri.isPresent()) {
      boolean hostForm =
          host.isPresent()
              || port.filter(number -> number != 0).isPresent()
              || username.isPresent()
              || password.isPresent()
              || tls.filter(on -> on).isPresent();
      if (hostForm) {
        throw new BadRequestException(
            "request_data.milvus_connect_param has fields of both forms; give either uri with an"
                + " optional token, or host, port and optional username, password, enable_tls");
      }
      return byUri(uri.get(), token, timeout, dialConfig);
    }
    if (host.isEmpty()) {
      throw new BadRequestException(
          "request_data.milvus_connect_param has neither uri nor host; give one, for example"
              + " {\"uri\": \"http://localhost:19530\"}");
    }
    if (token.isPresent()) {
      throw new BadRequestException(
          fields.name("token") + " belongs to uri; with host give username and password");
    }
    if (username.isPresent() != password.isPresent()) {
      throw new BadRequestException(
          username.isPresent()
              ? fields.name("username") + " is given without a password; give both or none"
              : fields.name("password") + " is given without a username; give both or none");
    }
    if (!isHost(host.get())) {
      throw new BadRequestException(
          fields.name("host")
              + " is not a host's name or address; give one alone, without a port or a path, of"
              + " letters, digits, dots and hyphens, or use uri for a URI");
    }
    int portNumber =
        port.map(number -> port(fields, number))
            .orElseThrow(
                () ->
                    new BadRequestException(
                        fields.name("port") + " is missing; Milvus listens on 19530 by default"));
    Optional<Credentials> credentials =
        username.map(name -> new Credentials(new Secret(name + ":" + password.orElseThrow())));
    boolean secure = tls.orElse(false);
    return new TargetCluster(
        host.get(), portNumber, secure, credentials, timeout, tls(dialConfig, secure));
  }

  /** As gRPC sees it, which can connect to no other. */
  private static boolean isHost(String host) {
    try {
      String understood = new URI(null, null, host, 1, null, null, null).getHost();
      return host.equals(understood) || ("[" + host + "]").equals(understood);
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** The contents of the files that {@code dial_config} names: a job cannot reach the files. */
  private static Optional<TlsSettings> tls(Optional<Fields> dialConfig, boolean secure) {
    if (dialConfig.isEmpty()) {
      return Optional.empty();
    }
    Fields fields = dialConfig.get();
    Optional<String> serverName = fields.text("server_name");
    if (serverName.filter(name -> !isHost(name)).isPresent()) {
      throw new BadRequestException(fields.name("server_name") + " is not a host's name");
    }
    Optional<String> server = fields.text("server_pem_path");
    Optional<String> authority = fields.text("ca_pem_path");
    Optional<String> client = fields.text("client_pem_path");
    Optional<String> key = fields.text("client_key_path");
    fields.refuseUnknown();
    List<String> mutual = new ArrayList<>();
    authority.ifPresent(given -> mutual.add("ca_pem_path"));
    client.ifPresent(given -> mutual.add("client_pem_path"));
    key.ifPresent(given -> mutual.add("client_key_path"));
    if (serverName.isEmpty() && server.isEmpty() && mutual.isEmpty()) {
      return Optional.empty();
    }
    if (!secure) {
      throw new BadRequestException(
          fields.path()
              + " is for a target with TLS; give a uri that begins with https://, or enable_tls with"
              + " host and port, or leave dial_config out");
    }
    if (server.isPresent() && !mutual.isEmpty()) {
      throw new BadRequestException(
          fields.path()
              + " has both server_pem_path and "
              + mutual.get(0)
              + "; give server_pem_path for TLS, or ca_pem_path, client_pem_path and client_key_path"
              + " for mutual TLS");
    }
    if (!mutual.isEmpty() && mutual.size() < 3) {
      List<String> missing =
          new ArrayList<>(List.of("ca_pem_path", "client_pem_path", "client_key_path"));
      missing.removeAll(mutual);
      throw new BadRequestException(
          fields.path()
              + " has "
              + String.join(" and ", mutual)
              + " without "
              + String.join(" and ", missing)
              + "; mutual TLS needs all three");
    }
    Optional<String> trusted =
        server
            .map(file -> certificates(fields, "server_pem_path", file))
            .or(() -> authority.map(file -> certificates(fields, "ca_pem_path", file)));
    Optional<ClientCertificate> shown =
        client.map(file -> clientCertificate(fields, file, key.orElseThrow()));
    return Optional.of(new TlsSettings(trusted, shown, serverName));
  }

  private static String certificates(Fields fields, String field, String file) {
    try {
      return PemFiles.certificates(file);
    } catch (PemException e) {
      throw new BadRequestException(fields.name(field) + ": " + e.getMessage());
    }
  }

  private static ClientCertificate clientCertificate(Fields fields, String file, String keyFile) {
    String chain = certificates(fields, "client_pem_path", file);
    try {
      return PemFiles.clientCertificate(chain, keyFile);
    } catch (PemException e) {
      throw new BadRequestException(fields.name("client_key_path") + ": " + e.getMessage());
    }
  }

  private static int port(Fields fields, long number) {
    if (number < 1 || number > 65535) {
      throw new BadRequestException(
          fields.name("port") + " is " + number + " but must be from 1 to 65535");
    }
    return (int) number;
  }

  private static TargetCluster byUri(
      String text, Optional<String> token, double timeout, Optional<Fields> dialConfig) {
    // The text may hold a password: it is not told.
    BadRequestException wrong =
        new BadRequestException(
            "request_data.milvus_connect_param.uri must be http://host:port or https://host:port,"
                + " with a port from 1 to 65535 and nothing else; user and password go into token");
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw wrong;
    }
    String scheme = Optional.ofNullable(uri.getScheme()).orElse("").toLowerCase(Locale.ROOT);
    boolean secure = scheme.equals("https");
    Optional<String> host = Optional.ofNullable(uri.getHost());
    boolean onlyAddress =
        uri.getUserInfo() == null
            && uri.getQuery() == null
            && uri.getFragment() == null
            && Optional.ofNullable(uri.getPath()).orElse("").replace("/", "").isEmpty();
    int port = uri.getPort() == -1 ? (secure ? HTTPS_PORT : MILVUS_PORT) : uri.getPort();
    if (!(secure || scheme.equals("http"))
        || host.isEmpty()
        || !onlyAddress
        || port < 1
        || port > 65535) {
      throw wrong;
    }
    return new TargetCluster(
        host.get(),
        port,
        secure,
        token.map(Secret::new).map(Credentials::new),
        timeout,
        tls(dialConfig, secure));
  }

  /** Where collections start, gathered while they are read. */
  private static final class Starts {

    private final List<Entry> fromBeginning = new ArrayList<>();
    private final Map<String, RequestedStarts.Place> positions = new HashMap<>();

    /** Takes the start of one entry of the selection. */
    void read(Fields info, Entry entry) {
      boolean beginning = info.bool("use_start_position").orElse(false);
      Optional<Fields> given = info.object("positions").filter(fields -> !fields.names().isEmpty());
      if (beginning && given.isPresent()) {
        throw new BadRequestException(
            info.name("positions") + " and use_start_position exclude each other; give one");
      }
      if (beginning) {
        fromBeginning.add(entry);
      }
      for (String vchannel : given.map(Fields::names).orElse(List.of())) {
        String encoded = given.orElseThrow().text(vchannel).orElse("");
        try {
          RequestedStarts.Place place = ChannelPosition.decode(vchannel, encoded);
          if (positions.putIfAbsent(vchannel, place) != null) {
            throw new BadRequestException(
                info.name("positions") + " has channel " + vchannel + " for the second time");
          }
        } catch (UnusableStartException e) {
          throw new BadRequestException(info.name("positions") + ": " + e.getMessage());
        }
      }
    }

    RequestedStarts requested() {
      return new RequestedStarts(fromBeginning, positions);
    }
  }

  private static Selection selection(Fields fields, Starts starts) {
    List<Entry> byName =
        fields.objects("collection_infos").map(infos -> named(infos, starts)).orElse(List.of());
    List<Entry> byDatabase =
        fields
            .object("db_collections")
            .map(databases -> inDatabases(databases, starts))
            .orElse(List.of());
    if (byName.isEmpty() && byDatabase.isEmpty()) {
      throw new BadRequestException(
          "No collection is named; give request_data.collection_infos, for example"
              + " [{\"name\": \"*\"}] for the whole cluster, or request_data.db_collections");
    }
    if (!byName.isEmpty() && !byDatabase.isEmpty()) {
      throw new BadRequestException(
          "request_data has both collection_infos and db_collections; give one of them");
    }
    return new Selection((byName.isEmpty() ? byDatabase : byName).stream().distinct().toList());
  }

  private static List<Entry> named(List<Fields> infos, Starts starts) {
    List<Entry> entries = new ArrayList<>();
    for (Fields info : infos) {
      String name = collectionName(info);
      if (name.equals(Selection.ALL)) {
        if (infos.size() > 1) {
          throw new BadRequestException(
              info.name("name") + " is '*', the whole cluster, and must be the only entry");
        }
        entries.add(entry(info, Selection.ALL, Selection.ALL, starts));
        continue;
      }
      int dot = name.indexOf('.');
      String database = dot < 0 ? DEFAULT_DATABASE : name.substring(0, dot);
      String collection = name.substring(dot + 1);
      String where = info.name("name");
      entries.add(entry(info, legal(database, where), legal(collection, where), starts));
    }
    return entries;
  }

  private static List<Entry> inDatabases(Fields databases, Starts starts) {
    List<Entry> entries = new ArrayList<>();
    for (String database : databases.names()) {
      if (!database.equals(Selection.ALL)) {
        var unused = legal(database, "a key of request_data.db_collections");
      }
      List<Fields> infos = databases.objects(database).orElse(List.of());
      if (infos.isEmpty()) {
        throw new BadRequestException(
            databases.name(database)
                + " names no collection; give a list such as [{\"name\": \"*\"}]");
      }
      for (Fields info : infos) {
        String name = collectionName(info);
        String collection = name.equals(Selection.ALL) ? name : legal(name, info.name("name"));
        entries.add(entry(info, database, collection, starts));
      }
    }
    return entries;
  }

  private static Entry entry(Fields info, String database, String collection, Starts starts) {
    Entry entry = new Entry(database, collection);
    starts.read(info, entry);
    info.refuseUnknown();
    return entry;
  }

  private static String collectionName(Fields info) {
    return info.text("name")
        .orElseThrow(
            () ->
                new BadRequestException(
                    info.name("name") + " is missing; give a collection's name, or '*' for all"));
  }

  static String legal(String name, String where) {
    if (!NAME.matcher(name).matches()) {
      throw new BadRequestException(
          where
              + " has '"
              + (name.length() > 64 ? name.substring(0, 64) + "..." : name)
              + "', which is not a legal Milvus name: it begins with a letter or '_' and goes on with"
              + " letters, digits, '_' and '$', at most 255");
    }
    return name;
  }
}
