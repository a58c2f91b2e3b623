// Why a delivery is still here, in the contract's words and in a sentence.

#include <absl/strings/str_cat.h>

#include "common/rpc/times.h"
#include "queue/messages.h"

namespace staffetta::queue {
namespace {

// A worker that is there asks at least every few seconds.
constexpr absl::Duration kWorkerSilence = absl::Seconds(10);

std::string Ago(absl::Duration duration) {
  if (duration < absl::Seconds(1)) return "just now";
  return absl::StrCat(absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1))), " ago");
}

std::string In(absl::Duration duration) {
  if (duration <= absl::ZeroDuration()) return "now";
  return absl::StrCat("in ", absl::FormatDuration(absl::Ceil(duration, absl::Seconds(1))));
}

std::string Heard(const mail::v1::Reply& reply) {
  if (reply.text().empty() && reply.code() == 0) return "";
  std::string words = "; the last attempt heard: ";
  if (!reply.host().empty()) absl::StrAppend(&words, reply.host(), ": ");
  if (reply.code() != 0) absl::StrAppend(&words, reply.code(), " ");
  if (!reply.enhanced_code().empty()) absl::StrAppend(&words, reply.enhanced_code(), " ");
  return absl::StrCat(words, reply.text());
}

// The worker's name is what stands before the last three parts of its lease ids.
std::string WorkerOf(const std::string& lease_id) {
  size_t end = lease_id.size();
  for (int i = 0; i < 3 && end != std::string::npos && end > 0; ++i) {
    end = lease_id.rfind('.', end - 1);
  }
  return end == std::string::npos ? lease_id : lease_id.substr(0, end);
}

// Says so behind the rest when no worker has asked lately; false: one has.
bool ExplainSilence(const AdminStore::Description& all, v1::Explanation* out) {
  if (all.now - all.last_asked <= kWorkerSilence) return false;
  const bool ever = all.last_asked != absl::InfinitePast();
  out->set_reason(v1::WAIT_REASON_NO_WORKER);
  if (ever) *out->mutable_since() = rpc::ToProto(all.last_asked);
  out->set_text(absl::StrCat(
      out->text(), out->text().empty() ? "" : "; ",
      ever ? absl::StrCat("the last delivery worker asked for work ", Ago(all.now - all.last_asked))
           : "no delivery worker has ever asked for work",
      ": is the delivery role running?"));
  return true;
}

std::string HeldSince(const AdminStore::Described& d, const AdminStore::Description& all) {
  return absl::StrCat("held by an operator: ", d.scope, ", ", Ago(all.now - d.reason_at));
}

// Says so behind the rest when a hold is in the way of what comes next.
void ExplainHoldThen(const AdminStore::Described& d, const AdminStore::Description& all,
                     v1::Explanation* out) {
  if (d.reason != v1::WAIT_REASON_HOLD) return;
  out->set_scope(d.scope);
  absl::StrAppend(out->mutable_text(), "; then ", HeldSince(d, all));
}

// Ready: the script has found what is in the way.
void ExplainReady(const AdminStore::Described& d, const AdminStore::Description& all,
                  v1::Explanation* out) {
  out->set_reason(d.reason);
  out->set_scope(d.scope);
  if (d.place_in_lane >= 0) out->set_place(d.place_in_lane);
  switch (d.reason) {
    case v1::WAIT_REASON_HOLD:
      *out->mutable_since() = rpc::ToProto(d.reason_at);
      out->set_text(HeldSince(d, all));
      return;
    case v1::WAIT_REASON_THROTTLE:
      if (d.reason_at == absl::InfiniteFuture()) {
        out->set_text(
            absl::StrCat("throttled: ", d.scope, " has as many deliveries under way as it may"));
      } else {
        *out->mutable_until() = rpc::ToProto(d.reason_at);
        out->set_text(absl::StrCat("throttled: ", d.scope, " goes on ", In(d.reason_at - all.now)));
      }
      return;
    default:
      break;
  }
  if (ExplainSilence(all, out)) return;
  if (d.reason == v1::WAIT_REASON_HIGHER_CLASS) {
    out->set_text(
        absl::StrCat("held by priority: class ", d.scope, " goes before class ", d.message_class));
    return;
  }
  if (d.place_in_lane == 0) {
    out->set_text("ready: the next of its lane");
    return;
  }
  out->set_text(d.place_in_lane > 0
                    ? absl::StrCat("ready: at most ", d.place_in_lane, " before it in its lane")
                    : "ready: more than 10,000 before it in its lane");
}

}  // namespace

v1::Explanation ExplanationOf(const AdminStore::Described& described,
                              const AdminStore::Description& all) {
  v1::Explanation out;
  *out.mutable_delivery() = ToProto(described);
  const std::string heard = Heard(out.delivery().last_reply());
  switch (described.state) {
    case v1::DELIVERY_STATE_READY:
      ExplainReady(described, all, &out);
      break;
    case v1::DELIVERY_STATE_DUE_LATER:
      out.set_reason(described.attempts == 0 ? v1::WAIT_REASON_SCHEDULE : v1::WAIT_REASON_RETRY);
      *out.mutable_until() = rpc::ToProto(described.at);
      out.set_text(described.attempts == 0
                       ? absl::StrCat("scheduled: goes ", In(described.at - all.now))
                       : absl::StrCat("waits for attempt ", described.attempts + 1, ": goes ",
                                      In(described.at - all.now), heard));
      if (described.at <= all.now) ExplainSilence(all, &out);
      ExplainHoldThen(described, all, &out);
      break;
    case v1::DELIVERY_STATE_LEASED:
      out.set_reason(v1::WAIT_REASON_IN_WORK);
      out.set_scope(WorkerOf(described.lease_id));
      *out.mutable_until() = rpc::ToProto(described.at);
      if (described.at > all.now) {
        out.set_text(absl::StrCat("in work: worker ", out.scope(), " has it, its lease ends ",
                                  In(described.at - all.now), " unless it is renewed"));
        break;
      }
      out.set_text(absl::StrCat("worker ", out.scope(), " had it, its lease ended ",
                                Ago(all.now - described.at),
                                ": the next worker that asks takes it over"));
      ExplainSilence(all, &out);
      break;
    case v1::DELIVERY_STATE_PAUSED:
      out.set_reason(v1::WAIT_REASON_PAUSED);
      *out.mutable_since() = rpc::ToProto(described.at);
      out.set_text(absl::StrCat("paused by an operator ", Ago(all.now - described.at),
                                described.paused_why.empty() ? "" : ": ", described.paused_why));
      out.set_detail(described.paused_why);
      break;
    case v1::DELIVERY_STATE_SET_ASIDE:
      out.set_reason(v1::WAIT_REASON_SET_ASIDE);
      *out.mutable_since() = rpc::ToProto(described.at);
      out.set_text(absl::StrCat("set aside ", Ago(all.now - described.at), ": ",
                                described.kills > 0
                                    ? absl::StrCat(described.kills, " workers died with it")
                                    : std::string("its record is damaged"),
                                "; resume or cancel it"));
      break;
    case v1::DELIVERY_STATE_SUSPECT:
      out.set_reason(v1::WAIT_REASON_SUSPECT);
      out.set_text(
          absl::StrCat(described.kills, " workers died with it: such deliveries go one at a time"));
      ExplainHoldThen(described, all, &out);
      break;
    case v1::DELIVERY_STATE_EXPIRED:
      out.set_reason(v1::WAIT_REASON_EXPIRED);
      out.set_text("its time is over: the next worker reports it" + heard);
      break;
    case v1::DELIVERY_STATE_UNSPECIFIED:
    case v1::DeliveryState_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::DeliveryState_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return out;
}

}  // namespace staffetta::queue
