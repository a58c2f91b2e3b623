#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "cli/command_line.h"
#include "cli/queue_selector.h"
#include "cli/reply_text.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::queue::v1;
using Queue = pb::QueueService::Stub;

constexpr uint64_t kPageSize = 1000;

struct ListOptions {
  QueueSelector selector;
  uint64_t limit = 100;
};

absl::Status ShowStats(Session& session) {
  const auto response = session.Call(&Queue::GetStats, pb::GetStatsRequest());
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table;
    table.Add({"Messages:", absl::StrCat(response->messages())});
    for (const pb::ClassStats& stats : response->classes()) {
      const std::string oldest = Time(stats.has_oldest_time(), stats.oldest_time());
      table.Add({absl::StrCat("Ready, class ", stats.class_(), ":"),
                 absl::StrCat(stats.ready(), oldest.empty() ? "" : ", the oldest of ", oldest)});
    }
    table.Add({"Due later:", absl::StrCat(response->due_later())});
    table.Add({"Leased:", absl::StrCat(response->leased())});
    table.Add({"Paused:", absl::StrCat(response->paused())});
    table.Add({"Set aside:", absl::StrCat(response->set_aside())});
    table.Add({"Expired:", absl::StrCat(response->expired())});
    table.Add({"Throttled scopes:", absl::StrCat(response->closed_gates())});
    table.Add({"Holds:", absl::StrCat(response->holds())});
    table.Add({"Last asked:", Time(response->has_last_asked_time(), response->last_asked_time())});
    out << table;
  });
}

absl::Status ListDeliveries(Session& session, const ListOptions& options) {
  pb::ListDeliveriesRequest request;
  auto selector = options.selector.Get();
  if (!selector.ok()) return selector.status();
  *request.mutable_selector() = *std::move(selector);
  pb::ListDeliveriesResponse all;
  const uint64_t limit = options.limit == 0 ? std::numeric_limits<uint64_t>::max() : options.limit;
  const auto listed = [&] { return static_cast<uint64_t>(all.deliveries_size()); };
  do {
    request.set_page_size(static_cast<int>(std::min(kPageSize, limit - listed())));
    auto page = session.Call(&Queue::ListDeliveries, request);
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    all.MergeFrom(*page);
  } while (!request.page_token().empty() && listed() < limit);
  all.set_next_page_token(request.page_token());
  return session.Print(all, [&](std::ostream& out) {
    Table table({"DELIVERY", "STATE", "CLASS", "ATTEMPTS", "ACCEPTED", "DUE OR LEASE ENDS",
                 "SENDER", "RECIPIENTS", "LAST REPLY"});
    for (const pb::QueuedDelivery& delivery : all.deliveries()) {
      table.Add({delivery.delivery_id(), Word(delivery.state()), absl::StrCat(delivery.class_()),
                 absl::StrCat(delivery.attempts()),
                 Time(delivery.has_accept_time(), delivery.accept_time()),
                 Time(delivery.has_due_time(), delivery.due_time()),
                 ReversePath(delivery.envelope()), List(delivery.recipients()),
                 ReplyText(delivery.last_reply())});
    }
    out << table;
    if (!all.next_page_token().empty()) out << "There are more; see them with --limit 0.\n";
  });
}

void PrintDelivery(const pb::QueuedDelivery& delivery, std::ostream& out) {
  const auto& envelope = delivery.envelope();
  Table table;
  table.Add({"Delivery:", delivery.delivery_id()});
  table.Add({"State:", Word(delivery.state())});
  table.Add({"Account:", absl::StrCat(envelope.account_id())});
  table.Add({"User:", envelope.user()});
  table.Add({"Client:", envelope.client_address()});
  table.Add({"Sender:", ReversePath(envelope)});
  table.Add({"Recipients:", List(delivery.recipients())});
  table.Add({"Subject:", envelope.subject()});
  table.Add({"Channel:", envelope.channel()});
  table.Add({"Class:", absl::StrCat(delivery.class_())});
  table.Add({"Accepted:", Time(delivery.has_accept_time(), delivery.accept_time())});
  table.Add({"Attempts:", absl::StrCat(delivery.attempts())});
  table.Add({delivery.state() == pb::DELIVERY_STATE_LEASED ? "Lease ends:" : "Due:",
             Time(delivery.has_due_time(), delivery.due_time())});
  table.Add({"Expires:", Time(delivery.has_expire_time(), delivery.expire_time())});
  table.Add({"Last reply:", ReplyText(delivery.last_reply())});
  out << table;
}

absl::Status ShowMessage(Session& session, const std::string& message_id) {
  pb::GetQueuedMessageRequest request;
  request.set_message_id(message_id);
  const auto response = session.Call(&Queue::GetQueuedMessage, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    const char* separator = "";
    for (const pb::QueuedDelivery& delivery : response->deliveries()) {
      out << std::exchange(separator, "\n");
      PrintDelivery(delivery, out);
    }
  });
}

}  // namespace

void AddQueueCommands(CommandTable* table) {
  CLI::App* queue = table->Group("queue", "Messages that wait to be delivered");
  table->Add(queue, "stats", "Count what waits, by class and state", ShowStats);

  auto options = std::make_shared<ListOptions>();
  CLI::App* list =
      table->Add(queue, "list", "List deliveries, in no particular order",
                 [options](Session& session) { return ListDeliveries(session, *options); });
  options->selector.AddTo(list);
  AddNumber(list, "--limit", &options->limit, "At most about so many; 0: all [100]");

  auto message = std::make_shared<std::string>();
  CLI::App* show =
      table->Add(queue, "show", "Show a message's deliveries",
                 [message](Session& session) { return ShowMessage(session, *message); });
  show->add_option("message", *message, "Its id")->required()->type_name("MESSAGE");

  AddQueueAdminCommands(table, queue);
}

}  // namespace staffetta::cli
