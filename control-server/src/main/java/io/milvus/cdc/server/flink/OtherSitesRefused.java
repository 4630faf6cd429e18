package io.milvus.cdc.server.flink;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.io.network.netty.InboundChannelHandlerFactory;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.Channel;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelFutureListener;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandler;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInitializer;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelPipeline;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.DefaultFullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.FullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaderNames;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaderValues;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpRequest;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpResponseStatus;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpVersion;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.LastHttpContent;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;

/**
 * Lets the embedded Flink refuse what a browser sends for any page but Flink's own: whoever may
 * send it a job can run code in this process. Flink finds this class as a service.
 */
public final class OtherSitesRefused implements InboundChannelHandlerFactory {

  /** A name of this machine only: any other may be made to lead here by whoever owns it. */
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127\\.0\\.0\\.1|\\[::1])(:\\d+)?");

  /** Called by Flink. */
  public OtherSitesRefused() {}

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Optional<ChannelHandler> createHandler(
      Configuration configuration, Map<String, String> responseHeaders) {
    return Optional.of(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            // Flink's place for such handlers comes after the one that writes uploads to the disk.
            ChannelPipeline pipeline = channel.pipeline();
            pipeline.addAfter(
                pipeline.context(HttpServerCodec.class).name(),
                OtherSitesRefused.class.getName(),
                new Guard());
          }
        });
  }

  private static final class Guard extends ChannelInboundHandlerAdapter {

    /** Whether the request that is being read is refused. */
    private boolean isRefused;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpRequest request) {
        isRefused = isOfOtherSite(request);
      }
      if (!isRefused) {
        context.fireChannelRead(message);
        return;
      }
      ReferenceCountUtil.release(message);
      if (message instanceof LastHttpContent) {
        var unused = context.writeAndFlush(refusal()).addListener(ChannelFutureListener.CLOSE);
      }
    }

    /** A browser names the page's site in all that it sends elsewhere; programs name none. */
    private static boolean isOfOtherSite(HttpRequest request) {
      String host = request.headers().get(HttpHeaderNames.HOST, "");
      String origin = request.headers().get(HttpHeaderNames.ORIGIN);
      return origin != null
          && !(origin.equals("http://" + host) && LOOPBACK.matcher(host).matches());
    }

    private static FullHttpResponse refusal() {
      byte[] body =
          "{\"errors\":[\"A page of another site may not send requests to this Flink\"]}"
              .getBytes(StandardCharsets.UTF_8);
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.FORBIDDEN, Unpooled.wrappedBuffer(body));
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, "application/json; charset=UTF-8")
          .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
          .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      return response;
    }
  }
}
