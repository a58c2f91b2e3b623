#include "queue/figures.h"

namespace staffetta::queue {
namespace {

using metrics::NewCounter;
using metrics::NewGauge;
using metrics::NewSeconds;

metrics::Counter& NewEnd(const char* fate) {
  return NewCounter("staffetta_queue_leases_ended_total",
                    "Reports on leases, by what is to become of the delivery, late ones included.",
                    {{"fate", fate}});
}

metrics::Gauge& NewState(const char* state) {
  return NewGauge("staffetta_queue_deliveries", "Deliveries that are not in a lane, by state.",
                  {{"state", state}});
}

}  // namespace

Figures::Figures()
    : accepted(NewCounter, "staffetta_queue_accepted_total", "Messages queued."),
      handed_out(NewCounter, "staffetta_queue_handed_out_total", "Deliveries given to workers."),
      wait(NewSeconds, "staffetta_queue_wait_seconds",
           "From acceptance to the first lease, a scheduled time included."),
      done(NewEnd("done")),
      retried(NewEnd("retry")),
      handed_back(NewEnd("back")),
      set_aside(NewEnd("aside")),
      leases_lost(NewCounter("staffetta_queue_leases_lost_total",
                             "Reports that came too late: nothing was changed.")),
      ready(NewGauge, "staffetta_queue_ready", "Deliveries in lanes, also before gates."),
      oldest(NewGauge, "staffetta_queue_oldest_seconds",
             "Age of the oldest delivery in lanes, about; 0: there is none."),
      messages(NewGauge("staffetta_queue_messages", "Messages queued.")),
      due(NewState("due")),
      leased(NewState("leased")),
      paused(NewState("paused")),
      aside(NewState("set_aside")),
      expired(NewState("expired")),
      worker_silence(NewGauge("staffetta_queue_worker_silence_seconds",
                              "Since a worker last asked for deliveries; +Inf: none ever did.")),
      gone(NewGauge("staffetta_queue_contents_gone",
                    "Contents in the second store without a message: about to get one, or to be "
                    "removed.")) {
  for (size_t i = 0; i < holds.size(); ++i) {
    holds[i] = &NewGauge("staffetta_queue_holds", "Scopes that operators hold, by kind.",
                         {{"scope", AdminStore::kScopeKinds[i]}});
  }
  for (size_t i = 0; i < closed_gates.size(); ++i) {
    closed_gates[i] = &NewGauge("staffetta_queue_closed_gates",
                                "Throttled scopes with lanes that wait for their time, by kind.",
                                {{"scope", AdminStore::kScopeKinds[i]}});
  }
}

void Figures::Show(const AdminStore::Stats& stats) const {
  for (int c = 1; c <= 5; ++c) {
    const AdminStore::Stats::Class& of_class = stats.classes[c];
    ready[c].Set(static_cast<double>(of_class.ready));
    const bool any = of_class.oldest < stats.now;
    oldest[c].Set(any ? absl::ToDoubleSeconds(stats.now - of_class.oldest) : 0);
  }
  messages.Set(static_cast<double>(stats.messages));
  due.Set(static_cast<double>(stats.due));
  leased.Set(static_cast<double>(stats.leased));
  paused.Set(static_cast<double>(stats.paused));
  aside.Set(static_cast<double>(stats.aside + stats.suspects));
  expired.Set(static_cast<double>(stats.expired));
  worker_silence.Set(absl::ToDoubleSeconds(stats.now - stats.last_asked));
  for (size_t i = 0; i < holds.size(); ++i) holds[i]->Set(static_cast<double>(stats.holds[i]));
  for (size_t i = 0; i < closed_gates.size(); ++i) {
    closed_gates[i]->Set(static_cast<double>(stats.closed_gates[i]));
  }
  gone.Set(static_cast<double>(stats.gone));
}

metrics::Counter& Figures::Ended(Fate fate) const {
  switch (fate) {
    case Fate::kDone:
      return done;
    case Fate::kRetry:
      return retried;
    case Fate::kAside:
      return set_aside;
    case Fate::kBack:
      break;
  }
  return handed_back;
}

const Figures& TheFigures() {
  static const Figures figures;
  return figures;
}

}  // namespace staffetta::queue
