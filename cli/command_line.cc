#include "cli/command_line.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "cli/suggest.h"
#include "common/base/endpoint.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace staffetta::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kData[] = "--data";
constexpr char kCommands[] = "Commands";
constexpr char kCommonGroup[] = "Options of all commands that talk to the services";

// The command that the words have led to so far.
const CLI::App* Innermost(const CLI::App* app) {
  const auto parsed = app->get_subcommands();
  return parsed.empty() ? app : Innermost(parsed.front());
}

// What may stand where `command` was reached: the options of it and of those around it, and its
// commands.
std::vector<std::string> KnownWords(const CLI::App* command) {
  std::vector<std::string> known;
  for (const CLI::App* sub : command->get_subcommands({})) known.push_back(sub->get_name());
  for (const CLI::App* app = command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  return known;
}

std::string Path(const CLI::App* command) {
  const CLI::App* parent = command->get_parent();
  return parent == nullptr ? command->get_name()
                           : absl::StrCat(Path(parent), " ", command->get_name());
}

// Of the words that nothing has taken, the one to tell about: an unknown flag's value comes along.
std::string FirstUnknown(const std::vector<std::string>& remaining) {
  const auto flag = std::find_if(remaining.begin(), remaining.end(),
                                 [](const std::string& word) { return word.starts_with('-'); });
  if (flag == remaining.end()) return remaining.front();
  return flag->substr(0, flag->find('='));
}

std::string Describe(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* command = Innermost(&root);
  std::string text;
  if (const auto remaining = root.remaining(true); !remaining.empty()) {
    const std::string unknown = FirstUnknown(remaining);
    text = absl::StrCat(Path(command), " does not know ", Visible(unknown));
    if (const std::string near = NearestWord(unknown, KnownWords(command)); !near.empty()) {
      absl::StrAppend(&text, "; did you mean ", near, "?");
    }
  } else {
    text = absl::StrCat(Path(command), ": ", Visible(error.what()));
  }
  return absl::StrCat(text, "\nSee: ", Path(command), " --help\n");
}

// Empty: it is one.
std::string CheckNumber(const std::string& text, uint64_t least, uint64_t most) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) {
    return absl::StrCat("\"", text, "\" is not a whole number from ", least);
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number > most) {
    return absl::StrCat(text, " is more than ", most);
  }
  return number < least ? absl::StrCat(text, " is less than ", least) : "";
}

const CLI::Validator kIsTime(
    [](std::string& text) {
      google::protobuf::Timestamp time;
      return TimeUtil::FromString(text, &time)
                 ? std::string()
                 : std::string("want a time like 2026-01-31T23:00:00Z");
    },
    "");

const CLI::Validator kIsEndpoint(
    [](std::string& text) {
      const auto endpoint = ParseEndpoint(text);
      return endpoint.ok() ? "" : std::string(endpoint.status().message());
    },
    "");

const CLI::Validator kIsTimeout(
    [](std::string& text) {
      const auto timeout = ParseDuration(text);
      if (!timeout.ok()) return std::string(timeout.status().message());
      return *timeout > absl::ZeroDuration() ? "" : std::string("must be more than 0");
    },
    "");

}  // namespace

CommandTable::CommandTable() : root_("A relay for transactional mail.", "staffetta") {
  root_.require_subcommand(1);
  root_.fallthrough();
  root_.get_formatter()->column_width(34);
  root_.get_formatter()->label("OPTIONS", "options");
  root_.get_formatter()->label("SUBCOMMAND", "command");
  root_.set_help_flag("-h,--help", "Explain the command");
  AddCommonOptions();
}

void CommandTable::AddCommonOptions() {
  ConnectionOptions* connection = &options_.connection;
  common_ = {
      root_
          .add_option("--server", connection->server,
                      "Where the services are, HOST:PORT or unix:/PATH [STAFFETTA_SERVER, else "
                      "DIR/grpc.endpoint, else 127.0.0.1:4410]")
          ->type_name("ENDPOINT")
          ->check(kIsEndpoint),
      root_
          .add_option("--key-file", connection->key_file,
                      "The file that holds the key [the key in STAFFETTA_KEY, else "
                      "DIR/operator.key]")
          ->type_name("FILE"),
      root_
          .add_option_function<std::string>(
              "--timeout",
              [this](const std::string& text) { options_.timeout = *ParseDuration(text); },
              "How long a call may take [10s]")
          ->type_name("DURATION")
          ->check(kIsTimeout),
      root_.add_flag("--json", options_.json, "Print the answer as JSON, one object a line"),
      root_
          .add_option(kData, connection->data,
                      "The services' data directory [STAFFETTA_DATA, else ./var when it has an "
                      "operator.key, else /var/lib/staffetta]")
          ->type_name("DIR")
          ->check(NotEmpty())};
  for (CLI::Option* option : common_) option->group(kCommonGroup);
}

CLI::App* CommandTable::Group(const std::string& name, const std::string& description) {
  return root_.add_subcommand(name, description)->require_subcommand(1)->group(kCommands);
}

CLI::App* CommandTable::Add(CLI::App* group, const std::string& name,
                            const std::string& description, Command command) {
  CLI::App* added = group->add_subcommand(name, description)->group(kCommands);
  added->callback([this, command = std::move(command)] {
    chosen_ = [this, command](std::ostream& out, std::ostream& err) {
      return RunSession(command, out, err);
    };
  });
  // So that the help of every command is whole.
  added->footer([this] {
    const auto* formatter = dynamic_cast<const CLI::Formatter*>(root_.get_formatter().get());
    return formatter->make_group(kCommonGroup, false, {common_.begin(), common_.end()});
  });
  return added;
}

CLI::App* CommandTable::AddLocal(const std::string& name, const std::string& description,
                                 LocalCommand command) {
  CLI::App* added = root_.add_subcommand(name, description)->group(kCommands);
  added->callback([this, name, command = std::move(command)] {
    for (const CLI::Option* option : common_) {
      if (option->count() == 0 || option->check_name(kData)) continue;
      throw CLI::ValidationError(option->get_name(), absl::StrCat(name, " does not talk to them"));
    }
    chosen_ = command;
  });
  return added;
}

void CommandTable::Parse(std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  root_.parse(std::move(words));
}

int CommandTable::Run(const std::vector<std::string>& words, std::ostream& out, std::ostream& err) {
  try {
    Parse(words);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* command = Innermost(&root_);
    const CLI::App* parent = command->get_parent();
    out << command->help(parent == nullptr ? "" : Path(parent));
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    err << Describe(root_, error);
    return kExitUsage;
  }
  return chosen_(out, err);
}

int CommandTable::RunSession(const Command& command, std::ostream& out, std::ostream& err) {
  Session session(options_, &out);
  absl::Status status = session.Open();
  if (status.ok()) status = command(session);
  if (status.ok()) return kExitOk;
  err << Visible(ToStd(status.message())) << '\n';
  return kExitRefused;
}

CLI::Validator NotEmpty() {
  return {[](std::string& text) {
            return text.empty() ? std::string("is empty; leave it out for the default") : "";
          },
          ""};
}

CLI::Validator WholeNumber(uint64_t least, uint64_t most) {
  return {[least, most](std::string& text) { return CheckNumber(text, least, most); }, ""};
}

CLI::Option* AddNumber(CLI::App* command, const std::string& name, uint64_t* value,
                       const std::string& description, uint64_t least, uint64_t most) {
  return command->add_option(name, *value, description)
      ->type_name("N")
      ->check(WholeNumber(least, most));
}

CLI::Option* AddTime(CLI::App* command, const std::string& name, std::string* value,
                     const std::string& description) {
  return command->add_option(name, *value, description)->type_name("TIME")->check(kIsTime);
}

google::protobuf::Timestamp TimeFrom(const std::string& text) {
  google::protobuf::Timestamp time;
  TimeUtil::FromString(text, &time);
  return time;
}

CLI::Option* AddRepeated(CLI::App* command, const std::string& name,
                         std::vector<std::string>* values, const std::string& description) {
  return command->add_option(name, *values, description)->allow_extra_args(false);
}

int Run(const std::vector<std::string>& words, std::ostream& out, std::ostream& err) {
  CommandTable table;
  AddServeCommands(&table);
  AddAccountCommands(&table);
  AddUserCommands(&table);
  AddSenderCommands(&table);
  AddQueueCommands(&table);
  AddInboxCommands(&table);
  AddEventCommands(&table);
  AddEdgeCommands(&table);
  return table.Run(words, out, err);
}

}  // namespace staffetta::cli
