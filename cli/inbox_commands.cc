#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>

#include "cli/command_line.h"
#include "staffetta/delivery/v1/delivery.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::delivery::v1;
using Inbox = pb::InboxService::Stub;

constexpr uint64_t kPageSize = 1000;

struct Options {
  uint64_t account = 0;
  uint64_t number = 0;
  uint64_t limit = 100;
};

absl::Status ListMessages(Session& session, const Options& options) {
  pb::ListMessagesRequest request;
  request.set_account_id(options.account);
  pb::ListMessagesResponse all;
  const auto wanted = [&] {
    return options.limit == 0 ? kPageSize
                              : std::min(kPageSize, options.limit - all.messages_size());
  };
  do {
    request.set_page_size(static_cast<int>(wanted()));
    const auto page = session.Call(&Inbox::ListMessages, request);
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    all.MergeFrom(*page);
  } while (!request.page_token().empty() && wanted() > 0);
  all.set_next_page_token(request.page_token());
  return session.Print(all, [&](std::ostream& out) {
    Table table({"NUMBER", "CAPTURED", "SIZE", "SENDER", "RECIPIENTS", "SUBJECT"});
    for (const pb::CapturedMessage& message : all.messages()) {
      table.Add({absl::StrCat(message.number()),
                 Time(message.has_capture_time(), message.capture_time()),
                 absl::StrCat(message.size()), absl::StrCat("<", message.sender(), ">"),
                 List(message.recipients()), message.subject()});
    }
    out << table;
    if (!all.next_page_token().empty()) {
      out << all.messages_size() << " of " << all.total() << "; see them all with --limit 0.\n";
    }
  });
}

absl::Status ShowMessage(Session& session, const Options& options) {
  pb::GetMessageRequest request;
  request.set_account_id(options.account);
  request.set_number(options.number);
  const auto response = session.Call(&Inbox::GetMessage, request);
  if (!response.ok()) return response.status();
  // Byte for byte: it is to be compared with what was sent.
  return session.Print(*response, [&](std::ostream& out) { out << response->message().content(); });
}

absl::Status ClearMessages(Session& session, const Options& options) {
  pb::ClearMessagesRequest request;
  request.set_account_id(options.account);
  const auto response = session.Call(&Inbox::ClearMessages, request);
  if (!response.ok()) return response.status();
  return session.Print(
      *response, [&](std::ostream& out) { out << "Removed " << response->removed() << ".\n"; });
}

}  // namespace

void AddInboxCommands(CommandTable* table) {
  CLI::App* inbox = table->Group("inbox", "What the sandbox channel captured instead of sending");
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* description,
                       absl::Status (*command)(Session&, const Options&)) {
    CLI::App* added = table->Add(inbox, name, description, [command, options](Session& session) {
      return command(session, *options);
    });
    AddNumber(added, "--account", &options->account, "The account")->required();
    return added;
  };
  CLI::App* list = add("list", "List the captured messages, the newest first", ListMessages);
  AddNumber(list, "--limit", &options->limit, "At most so many; 0: all [100]");
  CLI::App* show = add("show", "Print a captured message as it would have been sent", ShowMessage);
  AddNumber(show, "number", &options->number, "Its number")->required();
  add("clear", "Forget the captured messages", ClearMessages);
}

}  // namespace staffetta::cli
