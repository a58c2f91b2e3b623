#include <absl/strings/str_cat.h>

#include <memory>

#include "cli/command_line.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::auth::v1;
using Auth = pb::AuthService::Stub;

absl::Status CreateAccount(Session& session, const std::string& name, const std::string& channel) {
  pb::CreateAccountRequest request;
  request.set_name(name);
  request.set_channel(channel);
  const auto response = session.Call(&Auth::CreateAccount, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table;
    table.Add({"Account:", absl::StrCat(response->account().account_id())});
    table.Add({"Name:", response->account().name()});
    table.Add({"Channel:", response->account().channel()});
    out << table;
  });
}

absl::Status ListAccounts(Session& session) {
  const auto response = session.Call(&Auth::ListAccounts, pb::ListAccountsRequest());
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table({"ACCOUNT", "CHANNEL", "NAME"});
    for (const pb::Account& account : response->accounts()) {
      table.Add({absl::StrCat(account.account_id()), account.channel(), account.name()});
    }
    out << table;
  });
}

}  // namespace

void AddAccountCommands(CommandTable* table) {
  CLI::App* accounts = table->Group("accounts", "The customers");
  auto name = std::make_shared<std::string>();
  auto channel = std::make_shared<std::string>();
  CLI::App* create = table->Add(
      accounts, "create", "Make an account",
      [name, channel](Session& session) { return CreateAccount(session, *name, *channel); });
  create->add_option("name", *name, "For people")->required()->type_name("NAME");
  create
      ->add_option("--channel", *channel,
                   "How its mail leaves: shared, or sandbox (captured, never sent) [shared]")
      ->type_name("CHANNEL");
  table->Add(accounts, "list", "List the accounts", ListAccounts);
}

}  // namespace staffetta::cli
