#include <memory>

#include "cli/command_line.h"
#include "cli/serve.h"
#include "common/base/config.h"

namespace staffetta::cli {
namespace {

const CLI::Validator kIsOverride(
    [](std::string& text) {
      const size_t equals = text.find('=');
      return equals == std::string::npos || equals == 0
                 ? std::string("want key=value, as gateway.ports=25,587")
                 : std::string();
    },
    "");

int CheckConfig(const std::string& file, std::ostream& out, std::ostream& err) {
  const auto config = LoadConfig(file, {});
  if (!config.ok()) {
    err << config.status().message() << '\n';
    return kExitUsage;
  }
  out << EffectiveYaml(*config);
  return kExitOk;
}

void AddServe(CommandTable* table) {
  struct Options {
    ServeArgs args;
    std::vector<std::string> overrides;
  };
  auto options = std::make_shared<Options>();
  CLI::App* serve = table->AddLocal(
      "serve", "Run the relay: all services, or some of them",
      [options, table](std::ostream&, std::ostream&) {
        ServeArgs args = options->args;
        for (const std::string& text : options->overrides) {
          const size_t equals = text.find('=');
          args.overrides.push_back({text.substr(0, equals), text.substr(equals + 1)});
        }
        args.data_dir = ServeDirectory(*table->data());
        return Serve(args);
      });
  serve->add_option("--config", options->args.config_file, "The configuration [defaults]")
      ->type_name("FILE");
  AddRepeated(serve, "--set", &options->overrides, "Override one key of it; may be repeated")
      ->type_name("KEY=VALUE")
      ->check(kIsOverride);
  AddRepeated(serve, "--roles", &options->args.roles,
              "Which services, separated by commas, as gateway,queue [all]")
      ->type_name("LIST")
      ->delimiter(',');
  serve->add_flag("--demo", options->args.demo, "Make a demo account and print its credentials");
  serve->add_option("--demo-out", options->args.demo_out, "Write the demo's credentials there too")
      ->type_name("FILE");
  serve
      ->add_option("--data", *table->data(),
                   "Where the relay keeps its data [STAFFETTA_DATA, else /var/lib/staffetta]")
      ->type_name("DIR")
      ->check(NotEmpty());
}

}  // namespace

void AddServeCommands(CommandTable* table) {
  AddServe(table);
  auto file = std::make_shared<std::string>();
  CLI::App* check = table->AddLocal(
      "check-config", "Check a configuration and print all keys with their values in force",
      [file](std::ostream& out, std::ostream& err) { return CheckConfig(*file, out, err); });
  check->add_option("file", *file, "The configuration")->required()->type_name("FILE");
}

}  // namespace staffetta::cli
