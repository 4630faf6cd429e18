package io.milvus.cdc.target;

import io.milvus.grpc.IDs;
import java.util.ArrayList;
import java.util.List;

/**
 * A filter expression by which Milvus' public API deletes rows by key.
 *
 * @param text the expression
 * @param keys how many keys it names
 */
record DeleteExpression(String text, int keys) {

  /** A longer list takes the target's parser too long. */
  static final int MOST_KEYS = 5_000;

  /**
   * Expressions that together select exactly the given keys, each naming at most {@link
   * #MOST_KEYS}.
   *
   * @param primaryKey name of the primary key field
   */
  static List<DeleteExpression> of(String primaryKey, List<IDs> keys) {
    List<DeleteExpression> expressions = new ArrayList<>();
    StringBuilder expression = new StringBuilder();
    int count = 0;
    for (IDs ids : keys) {
      List<?> values = ids.hasIntId() ? ids.getIntId().getDataList() : ids.getStrId().getDataList();
      for (Object value : values) {
        expression.append(count == 0 ? primaryKey + " in [" : ",");
        if (value instanceof String text) {
          appendQuoted(text, expression);
        } else {
          expression.append(value);
        }
        if (++count == MOST_KEYS) {
          expressions.add(new DeleteExpression(expression.append(']').toString(), count));
          expression.setLength(0);
          count = 0;
        }
      }
    }
    if (count > 0) {
      expressions.add(new DeleteExpression(expression.append(']').toString(), count));
    }
    return expressions;
  }

  /**
   * Milvus reads string literals as Go does: a backslash escapes, and a line break or another
   * control character must be escaped.
   */
  private static void appendQuoted(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        out.append(String.format("\\x%02x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
