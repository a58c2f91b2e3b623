#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cli/command_line.h"
#include "cli/queue_selector.h"
#include "cli/reply_text.h"
#include "common/base/units.h"
#include "common/rpc/times.h"
#include "staffetta/queue/v1/admin.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::queue::v1;
using Admin = pb::QueueAdminService::Stub;

constexpr char kScopes[] =
    "all, account:N, list:ACCOUNT/LIST, channel:NAME, destination:DOMAIN or lane:LANE";

constexpr char kOnlyCount[] = "Only say how many there are";

constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();

absl::Status ShowWhy(Session& session, const std::string& message_id) {
  pb::ExplainRequest request;
  request.set_message_id(message_id);
  const auto response = session.Call(&Admin::Explain, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table({"DELIVERY", "STATE", "CLASS", "RECIPIENTS", "WHY"});
    for (const pb::Explanation& each : response->explanations()) {
      const pb::QueuedDelivery& delivery = each.delivery();
      table.Add({delivery.delivery_id(), Word(delivery.state()), absl::StrCat(delivery.class_()),
                 List(delivery.recipients()), each.text()});
    }
    out << table;
  });
}

struct ChangeOptions {
  QueueSelector selector;
  std::string channel;
  std::string reason;
  bool dry_run = false;
};

// What is said of a delivery that a change is not for.
std::string LeftAloneText(pb::DeliveryChange change, pb::DeliveryState state) {
  switch (state) {
    case pb::DELIVERY_STATE_LEASED:
      return "in a worker's hands";
    case pb::DELIVERY_STATE_EXPIRED:
      return "expired, to be reported";
    case pb::DELIVERY_STATE_UNSPECIFIED:
      return "changed in the meantime";
    default:
      return absl::StrCat(change == pb::DELIVERY_CHANGE_RESUME ? "" : "already ", Word(state));
  }
}

// "; left alone: 2 in a worker's hands, 1 already paused"
std::string LeftAlone(pb::DeliveryChange change, const std::map<pb::DeliveryState, int64_t>& left) {
  std::vector<std::string> parts;
  for (const auto& [state, deliveries] : left) {
    parts.push_back(absl::StrCat(deliveries, " ", LeftAloneText(change, state)));
  }
  return parts.empty() ? "" : absl::StrCat("; left alone: ", absl::StrJoin(parts, ", "));
}

absl::Status ChangeDeliveries(Session& session, pb::DeliveryChange change,
                              const ChangeOptions& options) {
  auto selector = options.selector.Get();
  if (!selector.ok()) return selector.status();
  pb::ChangeDeliveriesRequest request;
  *request.mutable_selector() = *std::move(selector);
  request.set_change(change);
  request.set_channel(options.channel);
  request.set_reason(options.reason);
  request.set_dry_run(options.dry_run);
  pb::ChangeDeliveriesResponse all;
  std::map<pb::DeliveryState, int64_t> left_alone;
  do {
    const auto page = session.Call(&Admin::ChangeDeliveries, request);
    if (!page.ok()) return page.status();
    all.set_matched(all.matched() + page->matched());
    all.set_changed(all.changed() + page->changed());
    for (const pb::LeftAlone& left : page->left_alone()) {
      left_alone[left.state()] += left.deliveries();
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  for (const auto& [state, deliveries] : left_alone) {
    pb::LeftAlone* const left = all.add_left_alone();
    left->set_state(state);
    left->set_deliveries(deliveries);
  }
  const absl::Status printed = session.Print(all, [&](std::ostream& out) {
    out << all.matched() << (all.matched() == 1 ? " delivery fits, " : " deliveries fit, ")
        << all.changed() << (options.dry_run ? " would be changed" : " changed")
        << LeftAlone(change, left_alone) << ".\n";
  });
  if (!printed.ok() || options.dry_run || all.changed() > 0 || all.matched() == 0) return printed;
  return absl::FailedPreconditionError("nothing was changed");
}

void AddChange(CommandTable* table, CLI::App* queue, pb::DeliveryChange change,
               const std::string& name, const std::string& description) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App* const command = table->Add(
      queue, name, description,
      [options, change](Session& session) { return ChangeDeliveries(session, change, *options); });
  options->selector.AddTo(command);
  if (change == pb::DELIVERY_CHANGE_REROUTE) {
    command->add_option("--to", options->channel, "The channel to go by; \"\": by MX")
        ->required()
        ->type_name("NAME");
  }
  command->add_option("--reason", options->reason, "Why, for the events; of a pause also for why")
      ->type_name("TEXT");
  command->add_flag("--dry-run", options->dry_run, kOnlyCount);
}

struct HoldOptions {
  std::string scope;
  std::string reason;
  bool dry_run = false;
};

// What Hold or Release would touch.
template <class Request, class Response>
absl::Status CountUnder(Session& session,
                        grpc::Status (Admin::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                        Request request) {
  request.set_dry_run(true);
  Response all;
  do {
    const auto page = session.Call(method, request);
    if (!page.ok()) return page.status();
    all.set_deliveries(all.deliveries() + page->deliveries());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return session.Print(all, [&](std::ostream& out) {
    out << all.deliveries() << (all.deliveries() == 1 ? " delivery stands" : " deliveries stand")
        << " under " << request.scope() << " now; nothing was changed.\n";
  });
}

absl::Status Hold(Session& session, const HoldOptions& options) {
  pb::HoldRequest request;
  request.set_scope(options.scope);
  request.set_reason(options.reason);
  if (options.dry_run) return CountUnder(session, &Admin::Hold, request);
  const auto response = session.Call(&Admin::Hold, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    out << request.scope() << " is held; release it with: staffetta queue release "
        << request.scope() << "\n";
  });
}

absl::Status Release(Session& session, const HoldOptions& options) {
  pb::ReleaseRequest request;
  request.set_scope(options.scope);
  if (options.dry_run) return CountUnder(session, &Admin::Release, request);
  const auto response = session.Call(&Admin::Release, request);
  if (!response.ok()) return response.status();
  return session.Print(*response,
                       [&](std::ostream& out) { out << options.scope << " goes on.\n"; });
}

absl::Status ListHolds(Session& session) {
  const auto response = session.Call(&Admin::ListHolds, pb::ListHoldsRequest());
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table table({"SCOPE", "SINCE", "REASON"});
    for (const pb::HeldScope& hold : response->holds()) {
      table.Add({hold.scope(), Time(hold.has_since(), hold.since()), hold.reason()});
    }
    out << table;
  });
}

struct ThrottleOptions {
  std::string scope;
  std::string rate;
  uint64_t burst = 0;
  uint64_t per_day = 0;
  uint64_t concurrency = 0;
  bool remove = false;
};

// "30/1m", "2/s"
absl::Status ParseRate(const std::string& text, pb::Throttle* throttle) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  int messages = 0;
  const bool bare_unit = !parts.second.empty() && !absl::ascii_isdigit(parts.second[0]);
  const auto per = ParseDuration(bare_unit ? "1" + parts.second : parts.second);
  if (!absl::SimpleAtoi(parts.first, &messages) || messages < 1 || !per.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--rate: \"", text, "\" is not like 30/1m or 2/s"));
  }
  throttle->set_messages(messages);
  *throttle->mutable_per() = rpc::ToProto(*per);
  return absl::OkStatus();
}

// "100 messages in 1s, ..."
std::string LimitsText(const pb::Throttle& throttle) {
  std::vector<std::string> limits;
  if (throttle.messages() > 0) {
    limits.push_back(absl::StrCat(throttle.messages(), " messages in ",
                                  absl::FormatDuration(rpc::FromProto(throttle.per()))));
    const int burst = throttle.burst() > 0 ? throttle.burst() : throttle.messages();
    limits.push_back(absl::StrCat(burst, " at once after a quiet time"));
  } else {
    limits.emplace_back("any number of messages");
  }
  limits.push_back(throttle.recipients_per_day() > 0
                       ? absl::StrCat(throttle.recipients_per_day(), " recipients in 24 hours")
                       : "any number of recipients");
  limits.push_back(throttle.concurrency() > 0
                       ? absl::StrCat(throttle.concurrency(), " in workers' hands at once")
                       : "any number in workers' hands at once");
  return absl::StrJoin(limits, ", ");
}

absl::Status SetThrottle(Session& session, const ThrottleOptions& options) {
  pb::SetThrottleRequest request;
  pb::Throttle* const throttle = request.mutable_throttle();
  throttle->set_scope(options.scope);
  if (!options.rate.empty()) {
    const absl::Status parsed = ParseRate(options.rate, throttle);
    if (!parsed.ok()) return parsed;
  }
  throttle->set_burst(static_cast<int>(options.burst));
  throttle->set_recipients_per_day(static_cast<int64_t>(options.per_day));
  throttle->set_concurrency(static_cast<int>(options.concurrency));
  const bool limits = throttle->messages() > 0 || options.per_day > 0 || options.concurrency > 0;
  if (limits == options.remove) {
    return absl::InvalidArgumentError(
        "give a limit (--rate, --per-day, --concurrency), or --remove, and not both");
  }
  const auto response = session.Call(&Admin::SetThrottle, request);
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    if (response->has_throttle()) {
      out << response->throttle().scope() << ": " << LimitsText(response->throttle()) << ".\n";
    } else {
      out << options.scope << " is not throttled any more.\n";
    }
  });
}

absl::Status ListThrottles(Session& session) {
  const auto response = session.Call(&Admin::ListThrottles, pb::ListThrottlesRequest());
  if (!response.ok()) return response.status();
  const auto or_any = [](int64_t number) { return number == 0 ? "" : absl::StrCat(number); };
  return session.Print(*response, [&](std::ostream& out) {
    Table table({"SCOPE", "MESSAGES", "PER", "BURST", "RECIPIENTS PER DAY", "CONCURRENCY"});
    for (const pb::Throttle& throttle : response->throttles()) {
      const bool rate = throttle.messages() > 0;
      table.Add({throttle.scope(), or_any(throttle.messages()),
                 rate ? absl::FormatDuration(rpc::FromProto(throttle.per())) : "",
                 rate ? or_any(throttle.burst()) : "", or_any(throttle.recipients_per_day()),
                 or_any(throttle.concurrency())});
    }
    out << table;
  });
}

}  // namespace

void AddQueueAdminCommands(CommandTable* table, CLI::App* queue) {
  auto message = std::make_shared<std::string>();
  CLI::App* const why =
      table->Add(queue, "why", "Say why a message is still here",
                 [message](Session& session) { return ShowWhy(session, *message); });
  why->add_option("message", *message, "Its id")->required()->type_name("MESSAGE");

  AddChange(table, queue, pb::DELIVERY_CHANGE_PAUSE, "pause",
            "Keep deliveries that wait now until they are resumed");
  AddChange(table, queue, pb::DELIVERY_CHANGE_RESUME, "resume",
            "Let deliveries go on that were paused or set aside");
  AddChange(table, queue, pb::DELIVERY_CHANGE_SEND_NOW, "send-now",
            "Let scheduled, deferred or paused deliveries go at once");
  AddChange(table, queue, pb::DELIVERY_CHANGE_CANCEL, "cancel",
            "Take deliveries out of the queue, without a bounce");
  AddChange(table, queue, pb::DELIVERY_CHANGE_EXPIRE, "expire",
            "End deliveries as if their time were over, with a bounce");
  AddChange(table, queue, pb::DELIVERY_CHANGE_REROUTE, "reroute",
            "Give deliveries to another channel");

  auto hold = std::make_shared<HoldOptions>();
  CLI::App* const hold_command =
      table->Add(queue, "hold", "Hand nothing of a scope out, what comes later included",
                 [hold](Session& session) { return Hold(session, *hold); });
  hold_command->add_option("scope", hold->scope, kScopes)->required();
  hold_command->add_option("--reason", hold->reason, "Why")->type_name("TEXT");
  hold_command->add_flag("--dry-run", hold->dry_run, kOnlyCount);

  auto released = std::make_shared<HoldOptions>();
  CLI::App* const release_command =
      table->Add(queue, "release", "End a hold",
                 [released](Session& session) { return Release(session, *released); });
  release_command->add_option("scope", released->scope, kScopes)->required();
  release_command->add_flag("--dry-run", released->dry_run, kOnlyCount);
  table->Add(queue, "holds", "List the holds", ListHolds);

  auto throttle = std::make_shared<ThrottleOptions>();
  CLI::App* const set = table->Add(
      queue, "throttle", "Limit an account, channel or destination, in place of the limits it had",
      [throttle](Session& session) { return SetThrottle(session, *throttle); });
  set->add_option("scope", throttle->scope,
                  "account:N, channel:NAME or destination:DOMAIN; * in place of the name: each "
                  "that has no limits of its own")
      ->required();
  set->add_option("--rate", throttle->rate, "Messages in a time, as 30/1m or 2/s");
  AddNumber(set, "--burst", &throttle->burst, "So many at once after a quiet time", 0, kMost);
  AddNumber(set, "--per-day", &throttle->per_day, "Recipients in any 24 hours");
  AddNumber(set, "--concurrency", &throttle->concurrency, "Deliveries in workers' hands at once", 0,
            kMost);
  set->add_flag("--remove", throttle->remove, "No limits any more");
  table->Add(queue, "throttles", "List the throttles", ListThrottles);
}

}  // namespace staffetta::cli
