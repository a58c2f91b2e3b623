#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/time/clock.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "cli/command_line.h"
#include "cli/reply_text.h"
#include "common/base/text.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::events::v1;
using Events = pb::EventsService::Stub;

struct WatchOptions {
  std::string cursor;
  uint64_t account = 0;
  std::vector<std::string> types;
  std::string message;
  bool until_now = false;
};

struct StatsOptions {
  uint64_t account = 0;
  std::string from;
  std::string to;
};

// What there is to say about an event beyond when, what and which.
std::string Particulars(const pb::Event& event) {
  std::vector<std::string> parts;
  if (event.has_envelope()) parts.push_back(ReversePath(event.envelope()));
  if (!event.recipients().empty()) parts.push_back(absl::StrCat("to ", List(event.recipients())));
  if (!event.refused_address().empty()) parts.push_back("as " + event.refused_address());
  if (event.count() > 1) parts.push_back(absl::StrCat(event.count(), " times"));
  if (const std::string reply = ReplyText(event.reply()); !reply.empty()) parts.push_back(reply);
  if (!event.detail().empty()) parts.push_back(event.detail());
  if (event.has_next_attempt()) {
    parts.push_back("again at " + Time(true, event.next_attempt()));
  }
  return absl::StrJoin(parts, "; ");
}

// Events come one by one, so the columns have widths that most fit in.
void PrintEvent(const pb::Event& event, std::ostream& out) {
  out << absl::StreamFormat("%-17s  %-20s  %-14s  %-22s  %s\n", Visible(event.event_id()),
                            Time(event.has_time(), event.time()), Word(event.type()),
                            event.message_id().empty() ? "-" : Visible(event.message_id()),
                            Visible(Particulars(event)));
}

// Every event was flushed: there is nothing to tidy up.
void ExitWhenInterrupted() {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(kExitInterrupted); };
  sigaction(SIGINT, &action, nullptr);
}

absl::Status Watch(Session& session, const WatchOptions& options) {
  pb::WatchEventsRequest request;
  request.set_cursor(options.cursor);
  request.set_until_now(options.until_now);
  request.mutable_filter()->set_account_id(options.account);
  request.mutable_filter()->set_message_id(options.message);
  for (const std::string& type : options.types) {
    request.mutable_filter()->add_types(ValueOf<pb::EventType>(type));
  }
  ExitWhenInterrupted();
  std::string last;
  absl::Status end =
      session.Read(&Events::WatchEvents, request, [&](const pb::WatchEventsResponse& response) {
        for (const pb::Event& event : response.events()) {
          absl::Status printed =
              session.Print(event, [&](std::ostream& out) { PrintEvent(event, out); });
          if (!printed.ok()) return printed;
        }
        last = response.cursor();
        return absl::OkStatus();
      });
  if (end.ok() || last.empty()) return end;
  return absl::Status(
      end.code(), absl::StrCat(end.message(), "; go on behind the last event with --from ", last));
}

absl::Status ShowStatistics(Session& session, const StatsOptions& options) {
  pb::GetStatisticsRequest request;
  request.set_account_id(options.account);
  if (!options.from.empty()) *request.mutable_start_time() = TimeFrom(options.from);
  if (!options.to.empty()) *request.mutable_end_time() = TimeFrom(options.to);
  const int64_t end =
      options.to.empty() ? absl::ToUnixSeconds(absl::Now()) : request.end_time().seconds();
  if (request.start_time().seconds() > end) {
    return absl::InvalidArgumentError(options.to.empty() ? "--from: lies in the future"
                                                         : "--from: is later than --to");
  }
  const auto response = session.Call(&Events::GetStatistics, request);
  if (!response.ok()) {
    return absl::Status(response.status().code(),
                        absl::StrReplaceAll(response.status().message(),
                                            {{"start_time, end_time", "--from, --to"}}));
  }
  return session.Print(*response, [&](std::ostream& out) {
    std::set<std::string> names;
    for (const pb::HourlyCounts& hour : response->hours()) {
      for (const auto& [name, count] : hour.counts()) names.insert(name);
    }
    std::vector<std::string> headings = {"HOUR"};
    headings.reserve(1 + names.size());
    for (const std::string& name : names) headings.push_back(absl::AsciiStrToUpper(name));
    Table table(headings);
    for (const pb::HourlyCounts& hour : response->hours()) {
      std::vector<std::string> row = {Time(hour.has_hour(), hour.hour())};
      for (const std::string& name : names) {
        const auto count = hour.counts().find(name);
        row.push_back(absl::StrCat(count == hour.counts().end() ? 0 : count->second));
      }
      table.Add(row);
    }
    out << table;
  });
}

}  // namespace

void AddEventCommands(CommandTable* table) {
  CLI::App* events = table->Group("events", "What happened to messages");
  auto options = std::make_shared<WatchOptions>();
  CLI::App* watch = table->Add(events, "watch", "Print events as they happen, one a line",
                               [options](Session& session) { return Watch(session, *options); });
  watch
      ->add_option("--from", options->cursor,
                   "Start behind this event id or cursor; 0: with the oldest kept [only new ones]")
      ->type_name("CURSOR");
  AddNumber(watch, "--account", &options->account, "Of this account only", 1);
  AddRepeated(watch, "--type", &options->types,
              absl::StrCat("Of this type only: ", absl::StrJoin(Words<pb::EventType>(), ", "),
                           "; may be repeated"))
      ->type_name("TYPE")
      ->check(CLI::IsMember(Words<pb::EventType>()).description(""));
  watch->add_option("--message", options->message, "About this message only")->type_name("ID");
  watch->add_flag("--until-now", options->until_now, "End with the last event that exists now");

  CLI::App* stats = table->Group("stats", "How many events an account saw");
  auto range = std::make_shared<StatsOptions>();
  CLI::App* show =
      table->Add(stats, "show", "Print an account's counters by hour",
                 [range](Session& session) { return ShowStatistics(session, *range); });
  AddNumber(show, "--account", &range->account, "The account")->required();
  AddTime(show, "--from", &range->from, "From the hour of this time [24 hours ago]");
  AddTime(show, "--to", &range->to, "To the hour of this time [now]");
}

}  // namespace staffetta::cli
