#pragma once

#include <string>

#include "common/metrics/figures.h"
#include "common/smtp/reply.h"

namespace staffetta::gateway {

// What the edge tells Prometheus. Thread-safe.
struct Figures {
  Figures();

  metrics::Counter& sessions;
  metrics::Gauge& sessions_open;
  metrics::ByClass<metrics::Counter> accepted;

  // A reply to a client, by its code.
  void CountReply(int code) const;
  // A sender, recipient or message that was refused, by the enhanced status: those of the fixed
  // wording (verdicts.cc).
  void CountRefused(const smtp::Reply& reply) const;

 private:
  std::array<metrics::Counter*, 600> replies_{};  // by code; null: the edge never says it
  metrics::Counter& other_replies_;
};

const Figures& TheFigures();

}  // namespace staffetta::gateway
