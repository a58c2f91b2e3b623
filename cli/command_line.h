#pragma once

#include <google/protobuf/timestamp.pb.h>
#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "cli/session.h"

// The commands, and the way from a command line to one of them. What a command is called, takes and
// means is said once, where it is added; parsing, --help and suggestions follow from that.
namespace staffetta::cli {

enum ExitCode { kExitOk = 0, kExitRefused = 1, kExitUsage = 2, kExitInterrupted = 130 };

// All commands of the program. Confined to one thread.
class CommandTable {
 public:
  // Talks to the services. A failure's message goes to stderr, and the program exits with
  // kExitRefused.
  using Command = std::function<absl::Status(Session&)>;
  // Does not; returns the exit code.
  using LocalCommand = std::function<int(std::ostream& out, std::ostream& err)>;

  CommandTable();

  // "users": a group of commands.
  CLI::App* Group(const std::string& name, const std::string& description);
  // "users list"; its own options are added to the result.
  CLI::App* Add(CLI::App* group, const std::string& name, const std::string& description,
                Command command);
  // "serve"
  CLI::App* AddLocal(const std::string& name, const std::string& description, LocalCommand command);

  // What the option --data sets, wherever it stands.
  std::string* data() { return &options_.connection.data; }

  // Parses the words behind the program's name and runs what they ask for; once.
  int Run(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

 private:
  void AddCommonOptions();
  // Throws CLI::ParseError.
  void Parse(std::vector<std::string> words);
  int RunSession(const Command& command, std::ostream& out, std::ostream& err);

  CLI::App root_;
  SessionOptions options_;
  std::vector<CLI::Option*> common_;
  std::function<int(std::ostream& out, std::ostream& err)> chosen_;
};

// Checks of a value.
CLI::Validator NotEmpty();
CLI::Validator WholeNumber(uint64_t least, uint64_t most);

// An option that is a whole number.
CLI::Option* AddNumber(CLI::App* command, const std::string& name, uint64_t* value,
                       const std::string& description, uint64_t least = 0,
                       uint64_t most = std::numeric_limits<int64_t>::max());

// An option that is a time like 2026-01-31T23:00:00Z.
CLI::Option* AddTime(CLI::App* command, const std::string& name, std::string* value,
                     const std::string& description);
// Of what such an option has let pass.
google::protobuf::Timestamp TimeFrom(const std::string& text);

// An option that may be given several times, each time with one value.
CLI::Option* AddRepeated(CLI::App* command, const std::string& name,
                         std::vector<std::string>* values, const std::string& description);

// Each service's commands.
void AddServeCommands(CommandTable* table);
void AddAccountCommands(CommandTable* table);
void AddUserCommands(CommandTable* table);
void AddSenderCommands(CommandTable* table);
void AddQueueCommands(CommandTable* table);
void AddQueueAdminCommands(CommandTable* table, CLI::App* queue);
void AddInboxCommands(CommandTable* table);
void AddEventCommands(CommandTable* table);
void AddEdgeCommands(CommandTable* table);

// The whole program but for main.
int Run(const std::vector<std::string>& words, std::ostream& out, std::ostream& err);

}  // namespace staffetta::cli
