#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/network.h"
#include "common/net/resolver.h"
#include "delivery/notices.h"
#include "delivery/retry.h"
#include "delivery/route.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::delivery {

// The sections delivery and dns of the configuration, read.
struct Options {
  std::string hostname = "localhost";  // in bounces
  std::string helo = "localhost";
  std::vector<RouteRule> routes;
  uint16_t port = 25;  // of servers found by MX
  std::vector<Network> allow_networks;
  int connections_per_site = 20;
  int express_connections = 2;  // beyond them, for class 1 alone
  int prefetch = 200;
  int express_prefetch = 20;      // beyond it, for class 1 alone
  bool express_realtime = false;  // of the thread for class 1
  int recipients_per_transaction = 100;
  RetrySchedule retry;
  DelayRule delay;
  std::string trust_file;  // empty: the system's
  absl::Duration connect_timeout = absl::Seconds(30);
  absl::Duration reply_timeout = absl::Minutes(5);
  absl::Duration final_timeout = absl::Minutes(10);
  absl::Duration idle_timeout = absl::Seconds(10);
  absl::Duration regrowth = absl::Seconds(10);    // until a site that refused one is asked again
  absl::Duration patience = absl::Seconds(5);     // with a slow site, while other mail waits
  absl::Duration stop_grace = absl::Seconds(20);  // for running transactions, at the end
  std::optional<int64_t> egress_rate;             // bytes of content a second; nullopt: any
  int sandbox_messages = 1000;
  int64_t max_whole_content = 128 << 20;
  net::ResolverOptions dns;
};

// Of a configuration that LoadConfig has checked. `hostname` stands in for what the file leaves
// out.
Options OptionsFrom(const config::v1::Config& config, const std::string& hostname);

}  // namespace staffetta::delivery
