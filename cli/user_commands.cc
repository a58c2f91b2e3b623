#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "cli/command_line.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::auth::v1;
using Auth = pb::AuthService::Stub;

constexpr int kPageSize = 1000;

// What people call the types.
constexpr std::array<std::pair<const char*, pb::UserType>, 3> kTypes = {
    {{"smtp", pb::USER_TYPE_SMTP},
     {"api", pb::USER_TYPE_API},
     {"both", pb::USER_TYPE_SMTP_AND_API}}};

pb::UserType TypeOf(const std::string& word) {
  for (const auto& [name, type] : kTypes) {
    if (word == name) return type;
  }
  return pb::USER_TYPE_UNSPECIFIED;
}

std::string TypeWord(pb::UserType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return "";
}

// The fields of Caps; their options are called like them: --messages-per-day.
constexpr std::array<std::pair<const char*, const char*>, 6> kCaps = {
    {{"messages_per_minute", "Messages in a minute at most; 0: no cap, as in all that follow"},
     {"messages_per_hour", "Messages in an hour at most"},
     {"messages_per_day", "Messages in a day (UTC) at most"},
     {"recipients_per_message", "Recipients of a message at most"},
     {"message_size", "Bytes of a message at most"},
     {"sessions", "SMTP sessions at once, at each gateway, at most"}}};

int64_t CapOf(const pb::Caps& caps, const char* name) {
  const auto* const field = pb::Caps::descriptor()->FindFieldByName(name);
  const auto* const reflection = pb::Caps::GetReflection();
  return field->cpp_type() == field->CPPTYPE_INT64 ? reflection->GetInt64(caps, field)
                                                   : reflection->GetInt32(caps, field);
}

void SetCap(const char* name, int64_t value, pb::Caps* caps) {
  const auto* const field = pb::Caps::descriptor()->FindFieldByName(name);
  const auto* const reflection = pb::Caps::GetReflection();
  if (field->cpp_type() == field->CPPTYPE_INT64) {
    reflection->SetInt64(caps, field, value);
  } else {
    reflection->SetInt32(caps, field, static_cast<int32_t>(value));
  }
}

std::string CapsText(const pb::Caps& caps) {
  std::string text;
  for (const auto& [name, description] : kCaps) {
    const int64_t cap = CapOf(caps, name);
    if (cap != 0) absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", cap);
  }
  return text.empty() ? "-" : text;
}

// Everything that can be said about users; each command takes its part.
struct Options {
  uint64_t account = 0;
  uint64_t list = 0;
  std::string status;
  std::string user;
  std::string type;
  int priority = 0;
  std::string note;
  std::vector<std::string> senders;
  std::vector<std::string> networks;
  std::vector<std::string> auth_networks;
  std::array<int32_t, kCaps.size()> caps = {};
  std::string reason;
  // The field of User that an option on the command line sets.
  std::vector<std::pair<const CLI::Option*, std::string>> fields;
};
using Shared = std::shared_ptr<Options>;

void PrintUser(const pb::User& user, std::ostream& out) {
  Table table;
  table.Add({"User:", user.user()});
  table.Add({"Account:", absl::StrCat(user.account_id())});
  table.Add({"List:", absl::StrCat(user.list_id())});
  table.Add({"Status:", Word(user.status())});
  if (!user.block_reason().empty()) table.Add({"Blocked because:", user.block_reason()});
  table.Add({"Type:", TypeWord(user.type())});
  table.Add({"Priority:", absl::StrCat(user.priority())});
  table.Add({"Senders:", List(user.senders())});
  table.Add({"Open networks:", List(user.open_networks())});
  table.Add({"AUTH networks:", List(user.auth_networks())});
  table.Add({"Caps:", CapsText(user.caps())});
  table.Add({"Note:", user.note()});
  table.Add({"Last update:", Time(user.has_update_time(), user.update_time())});
  out << table;
}

void PrintPassword(const std::string& user, const std::string& password, std::ostream& out) {
  Table table;
  table.Add({"User:", user});
  table.Add({"Password:", password});
  out << table
      << "Keep the password now: it is shown this once and stored nowhere, only what checks it.\n";
}

// Calls a method that takes a user's name, and prints the user that it answers with.
template <class Request, class Response>
absl::Status ChangeUser(Session& session, const Request& request,
                        grpc::Status (Auth::*method)(grpc::ClientContext*, const Request&,
                                                     Response*)) {
  const auto response = session.Call(method, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) { PrintUser(response->user(), out); });
}

absl::Status CreateUser(Session& session, const Options& options) {
  pb::CreateUserRequest request;
  request.set_account_id(options.account);
  request.set_list_id(options.list);
  request.set_type(TypeOf(options.type));
  request.set_priority(options.priority);
  request.set_note(options.note);
  request.mutable_senders()->Add(options.senders.begin(), options.senders.end());
  request.mutable_open_networks()->Add(options.networks.begin(), options.networks.end());
  request.mutable_auth_networks()->Add(options.auth_networks.begin(), options.auth_networks.end());
  for (size_t i = 0; i < kCaps.size(); ++i) {
    if (options.caps[i] != 0) SetCap(kCaps[i].first, options.caps[i], request.mutable_caps());
  }
  const auto response = session.Call(&Auth::CreateUser, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    const std::string& user = response->user().user();
    PrintPassword(user, response->password(), out);
    out << "It may not submit yet: staffetta users activate " << Visible(user) << "\n";
  });
}

absl::Status ListUsers(Session& session, const Options& options) {
  pb::ListUsersRequest request;
  request.set_account_id(options.account);
  request.set_page_size(kPageSize);
  request.set_status(ValueOf<pb::UserStatus>(options.status));
  pb::ListUsersResponse all;
  do {
    const auto page = session.Call(&Auth::ListUsers, request);
    if (!page.ok()) return page.status();
    all.MergeFrom(*page);
    all.clear_next_page_token();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return session.Print(all, [&](std::ostream& out) {
    Table table({"USER", "ACCOUNT", "LIST", "STATUS", "TYPE", "PRIORITY", "LAST UPDATE", "NOTE"});
    for (const pb::User& user : all.users()) {
      table.Add({user.user(), absl::StrCat(user.account_id()), absl::StrCat(user.list_id()),
                 Word(user.status()), TypeWord(user.type()), absl::StrCat(user.priority()),
                 Time(user.has_update_time(), user.update_time()), user.note()});
    }
    out << table;
  });
}

absl::Status ShowUser(Session& session, const Options& options) {
  pb::GetUserRequest request;
  request.set_user(options.user);
  return ChangeUser(session, request, &Auth::GetUser);
}

absl::Status UpdateUser(Session& session, const Options& options) {
  pb::UpdateUserRequest request;
  pb::User* user = request.mutable_user();
  user->set_user(options.user);
  user->set_note(options.note);
  user->set_priority(options.priority);
  user->set_type(TypeOf(options.type));
  user->mutable_senders()->Add(options.senders.begin(), options.senders.end());
  user->mutable_open_networks()->Add(options.networks.begin(), options.networks.end());
  user->mutable_auth_networks()->Add(options.auth_networks.begin(), options.auth_networks.end());
  for (size_t i = 0; i < kCaps.size(); ++i) {
    if (options.caps[i] != 0) SetCap(kCaps[i].first, options.caps[i], user->mutable_caps());
  }
  for (const auto& [option, field] : options.fields) {
    if (option->count() != 0) request.mutable_update_mask()->add_paths(field);
  }
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError(
        "there is nothing to change; see: staffetta users update --help");
  }
  return ChangeUser(session, request, &Auth::UpdateUser);
}

absl::Status ActivateUser(Session& session, const Options& options) {
  pb::ActivateUserRequest request;
  request.set_user(options.user);
  return ChangeUser(session, request, &Auth::ActivateUser);
}

absl::Status DeactivateUser(Session& session, const Options& options) {
  pb::DeactivateUserRequest request;
  request.set_user(options.user);
  request.set_reason(options.reason);
  return ChangeUser(session, request, &Auth::DeactivateUser);
}

absl::Status BlockUser(Session& session, const Options& options) {
  pb::BlockUserRequest request;
  request.set_user(options.user);
  request.set_reason(options.reason);
  return ChangeUser(session, request, &Auth::BlockUser);
}

absl::Status RegeneratePassword(Session& session, const Options& options) {
  pb::RegeneratePasswordRequest request;
  request.set_user(options.user);
  const auto response = session.Call(&Auth::RegeneratePassword, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    PrintPassword(options.user, response->password(), out);
  });
}

absl::Status DeleteUser(Session& session, const Options& options) {
  pb::DeleteUserRequest request;
  request.set_user(options.user);
  const auto response = session.Call(&Auth::DeleteUser, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    out << Visible(options.user) << " is deleted; its name is not given again.\n";
  });
}

// What a user is made with and can be changed to.
void AddSettings(CLI::App* command, const Shared& options) {
  std::vector<std::string> types;
  types.reserve(kTypes.size());
  for (const auto& [name, type] : kTypes) types.emplace_back(name);
  const auto* type = command->add_option("--type", options->type, "smtp, api or both")
                         ->type_name("TYPE")
                         ->check(CLI::IsMember(types).description(""));
  const auto* priority =
      command->add_option("--priority", options->priority, "1 very high ... 5 very low")
          ->type_name("1-5")
          ->check(WholeNumber(1, 5));
  const auto* note = command->add_option("--note", options->note, "Free text")->type_name("TEXT");
  const auto* sender = AddRepeated(command, "--sender", &options->senders,
                                   "A domain or address it may send from; may be repeated")
                           ->type_name("NAME");
  const auto* network = AddRepeated(command, "--network", &options->networks,
                                    "A network it may submit from without AUTH; may be repeated")
                            ->type_name("CIDR");
  const auto* auth_network =
      AddRepeated(command, "--auth-network", &options->auth_networks,
                  "A network that it may log in from, instead of anywhere; may be repeated")
          ->type_name("CIDR");
  options->fields = {
      {type, "type"},      {priority, "priority"},     {note, "note"},
      {sender, "senders"}, {network, "open_networks"}, {auth_network, "auth_networks"}};
  for (size_t i = 0; i < kCaps.size(); ++i) {
    const auto& [name, description] = kCaps[i];
    const auto* cap = command
                          ->add_option(absl::StrCat("--", absl::StrReplaceAll(name, {{"_", "-"}})),
                                       options->caps[i], description)
                          ->type_name("N")
                          ->check(WholeNumber(0, std::numeric_limits<int32_t>::max()));
    options->fields.emplace_back(cap, absl::StrCat("caps.", name));
  }
}

void AddUpdates(CLI::App* update, const Shared& options) {
  AddSettings(update, options);
  options->fields.emplace_back(
      update->add_flag("--no-senders")->description("Take all senders away")->excludes("--sender"),
      "senders");
  options->fields.emplace_back(
      update->add_flag("--no-networks")->description("Close all networks")->excludes("--network"),
      "open_networks");
  options->fields.emplace_back(update->add_flag("--no-auth-networks")
                                   ->description("Let it log in from anywhere")
                                   ->excludes("--auth-network"),
                               "auth_networks");
}

}  // namespace

void AddUserCommands(CommandTable* table) {
  const auto add = [table](CLI::App* group, const char* name, const char* description,
                           absl::Status (*command)(Session&, const Options&), Shared options) {
    return table->Add(group, name, description,
                      [command, options](Session& session) { return command(session, *options); });
  };
  CLI::App* users = table->Group("users", "The accounts' credentials for submitting mail");
  auto settings = std::make_shared<Options>();
  CLI::App* create =
      add(users, "create", "Make a user and print its password, once", CreateUser, settings);
  AddNumber(create, "--account", &settings->account, "Its account")->required();
  AddNumber(create, "--list", &settings->list, "Its list [0]");
  AddSettings(create, settings);

  auto filter = std::make_shared<Options>();
  CLI::App* list = add(users, "list", "List users", ListUsers, filter);
  AddNumber(list, "--account", &filter->account, "Of this account only", 1);
  list->add_option("--status", filter->status, "Only active, inactive or blocked ones")
      ->type_name("STATUS")
      ->check(CLI::IsMember(Words<pb::UserStatus>()).description(""));

  const auto add_named = [&](const char* name, const char* description,
                             absl::Status (*command)(Session&, const Options&)) {
    auto named = std::make_shared<Options>();
    CLI::App* added = add(users, name, description, command, named);
    added->add_option("user", named->user, "Its name")->required()->type_name("USER");
    return std::make_pair(added, named);
  };
  add_named("show", "Show a user", ShowUser);
  const auto [update, changes] = add_named("update", "Change a user's settings", UpdateUser);
  AddUpdates(update, changes);
  add_named("activate", "Let a user submit", ActivateUser);
  const auto [deactivate, why] = add_named("deactivate", "Stop a user", DeactivateUser);
  deactivate->add_option("--reason", why->reason, "Why, for the event")->type_name("TEXT");
  const auto [block, why_blocked] =
      add_named("block", "Stop a user until it is deactivated, then activated again", BlockUser);
  block->add_option("--reason", why_blocked->reason, "Shown to the account")
      ->required()
      ->type_name("TEXT");
  add_named("regenerate-password", "Make a new password and print it, once; the old one ends",
            RegeneratePassword);
  add_named("delete", "End a user for good", DeleteUser);
}

}  // namespace staffetta::cli
