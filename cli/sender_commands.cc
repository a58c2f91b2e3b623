#include <absl/strings/str_cat.h>

#include <memory>

#include "cli/command_line.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::policy::v1;
using Policy = pb::PolicyService::Stub;

struct Options {
  uint64_t account = 0;
  std::string name;
  bool by_operator = false;
};

void PrintSender(const pb::Sender& sender, std::ostream& out) {
  Table table;
  table.Add({"Sender:", sender.name()});
  table.Add({"Account:", absl::StrCat(sender.account_id())});
  table.Add({"State:", Word(sender.state())});
  if (!sender.method().empty()) table.Add({"Verified by:", sender.method()});
  if (!sender.detail().empty()) table.Add({"Detail:", sender.detail()});
  if (!sender.record_name().empty()) {
    table.Add(
        {"Proof:", absl::StrCat(sender.record_name(), " TXT \"", sender.record_value(), "\"")});
  }
  table.Add({"Last update:", Time(sender.has_update_time(), sender.update_time())});
  out << table;
}

// Calls a method about one sender, and prints the sender that it answers with.
template <class Request, class Response>
absl::Status AboutSender(Session& session, const Options& options, Request request,
                         grpc::Status (Policy::*method)(grpc::ClientContext*, const Request&,
                                                        Response*)) {
  request.set_account_id(options.account);
  request.set_name(options.name);
  const auto response = session.Call(method, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) { PrintSender(response->sender(), out); });
}

absl::Status AddSender(Session& session, const Options& options) {
  return AboutSender(session, options, pb::AddSenderRequest(), &Policy::AddSender);
}

absl::Status ShowSender(Session& session, const Options& options) {
  return AboutSender(session, options, pb::GetSenderRequest(), &Policy::GetSender);
}

absl::Status VerifySender(Session& session, const Options& options) {
  pb::VerifySenderRequest request;
  request.set_by_operator(options.by_operator);
  return AboutSender(session, options, std::move(request), &Policy::VerifySender);
}

absl::Status ListSenders(Session& session, const Options& options) {
  pb::ListSendersRequest request;
  request.set_account_id(options.account);
  const auto response = session.Call(&Policy::ListSenders, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table({"SENDER", "STATE", "VERIFIED BY", "LAST UPDATE", "DETAIL"});
    for (const pb::Sender& sender : response->senders()) {
      table.Add({sender.name(), Word(sender.state()), sender.method(),
                 Time(sender.has_update_time(), sender.update_time()), sender.detail()});
    }
    out << table;
  });
}

absl::Status RemoveSender(Session& session, const Options& options) {
  pb::RemoveSenderRequest request;
  request.set_account_id(options.account);
  request.set_name(options.name);
  const auto response = session.Call(&Policy::RemoveSender, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    out << Visible(options.name) << " is removed from account " << options.account << ".\n";
  });
}

}  // namespace

void AddSenderCommands(CommandTable* table) {
  CLI::App* senders = table->Group("senders", "The domains and addresses that accounts send from");
  const auto add = [&](const char* name, const char* description,
                       absl::Status (*command)(Session&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* added = table->Add(senders, name, description, [command, options](Session& session) {
      return command(session, *options);
    });
    AddNumber(added, "--account", &options->account, "The account")->required();
    return std::make_pair(added, options);
  };
  const auto add_named = [&](const char* name, const char* description,
                             absl::Status (*command)(Session&, const Options&)) {
    const auto added = add(name, description, command);
    added.first->add_option("name", added.second->name, "A domain or an address")
        ->required()
        ->type_name("NAME");
    return added;
  };
  add_named("add", "Add a sender and print the proof to publish", AddSender);
  add("list", "List an account's senders", ListSenders);
  add_named("show", "Show a sender and the proof to publish", ShowSender);
  const auto verify = add_named("verify", "Look for a sender's proof in the DNS now", VerifySender);
  verify.first->add_flag("--by-operator", verify.second->by_operator,
                         "Verify it by your word, without a look at the DNS");
  add_named("remove", "Remove a sender", RemoveSender);
}

}  // namespace staffetta::cli
