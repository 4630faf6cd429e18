package io.milvus.cdc.target;

import io.milvus.cdc.task.TargetCluster;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A proxy that has no server behind it: it answers each call itself, in HTTP, as Traefik does. */
final class HttpProxy implements AutoCloseable {

  private final EventLoopGroup threads = new NioEventLoopGroup(1);
  private final Channel channel;
  private final int status;

  HttpProxy(int status) {
    this.status = status;
    channel =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    connection
                        .pipeline()
                        .addLast(Http2FrameCodecBuilder.forServer().build())
                        .addLast(new Http2MultiplexHandler(new Answer()));
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
  }

  @Sharable
  private final class Answer extends SimpleChannelInboundHandler<Http2HeadersFrame> {
    @Override
    protected void channelRead0(ChannelHandlerContext call, Http2HeadersFrame request) {
      ChannelFuture unused =
          call.write(
              new DefaultHttp2HeadersFrame(
                  new DefaultHttp2Headers()
                      .status(Integer.toString(status))
                      .set("content-type", "text/plain")));
      ChannelFuture unusedToo =
          call.writeAndFlush(
              new DefaultHttp2DataFrame(
                  Unpooled.copiedBuffer("page not found", StandardCharsets.UTF_8), true));
    }
  }

  TargetCluster cluster() {
    int port = ((InetSocketAddress) channel.localAddress()).getPort();
    return new TargetCluster("127.0.0.1", port, false, Optional.empty(), 10);
  }

  @Override
  public void close() {
    boolean unused =
        threads
            .shutdownGracefully(0, 5, TimeUnit.SECONDS)
            .awaitUninterruptibly(5, TimeUnit.SECONDS);
  }
}
