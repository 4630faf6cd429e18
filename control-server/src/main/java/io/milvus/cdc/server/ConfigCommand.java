package io.milvus.cdc.server;

import io.milvus.cdc.server.config.InvalidConfigurationException;
import io.milvus.cdc.server.config.ServerConfig;
import io.milvus.cdc.server.config.Settings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Tells what the server would run with, without starting it. */
@Command(name = "config", description = "Tells about the settings.")
final class ConfigCommand implements Runnable {

  @Spec private CommandSpec spec;

  @ParentCommand private ControlServer server;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what about the settings: config show");
  }

  /** Prints a line for each setting, as YAML that the server would take. */
  @Command(
      name = "show",
      description =
          "Prints every setting that holds and where it comes from: default, file and line,"
              + " environment variable, or --set. Secrets are masked.")
  int show() {
    Settings settings;
    try {
      settings = server.settings();
      var unused = ServerConfig.from(settings);
    } catch (InvalidConfigurationException e) {
      spec.commandLine().getErr().println("A setting is wrong: " + e.getMessage());
      return 1;
    }
    for (Settings.Effective setting : settings.effective()) {
      spec.commandLine()
          .getOut()
          .println(setting.key() + ": " + setting.value().orElse("") + "  # " + setting.origin());
    }
    return 0;
  }
}
