#include "queue/test_deployment.h"

#include <absl/time/time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "common/base/log.h"
#include "common/redis/slot.h"

namespace staffetta::queue {

TestDeployment::TestDeployment() {
  const char* const asked = std::getenv("STAFFETTA_TEST_REDIS");
  const std::string_view kind = asked == nullptr ? "" : asked;
  if (kind == "sentinel") {
    sentinels_ = std::make_unique<redis::TestSentinels>();
    sentinels_->AwaitHealthy();
  } else if (kind == "cluster") {
    cluster_ = std::make_unique<redis::TestCluster>();
    cluster_->AwaitHealthy();
    changer_ = std::thread([this] { ChangeMasters(); });
  } else {
    single_ = std::make_unique<redis::TestRedis>();
  }
}

TestDeployment::~TestDeployment() {
  stopping_ = true;
  if (changer_.joinable()) changer_.join();
}

redis::Client::Options TestDeployment::options() const {
  if (sentinels_) return sentinels_->options();
  if (!cluster_) return single_->options();
  // No script runs while the slot moves, which takes long on a busy machine.
  redis::Client::Options patient = cluster_->options();
  patient.connect_timeout = absl::Seconds(20);
  return patient;
}

void TestDeployment::FlushAll() {
  const auto still = Still();
  if (single_) return single_->FlushAll();
  // Replicas refuse, and follow.
  for (size_t i = 0; sentinels_ && i < redis::TestSentinels::kServers; ++i) {
    (void)sentinels_->server(i).Ask(redis::Command("FLUSHALL"));
  }
  for (size_t i = 0; cluster_ && i < redis::TestCluster::kNodes; ++i) {
    (void)cluster_->node(i).Ask(redis::Command("FLUSHALL"));
  }
}

void TestDeployment::ChangeMasters() {
  using Clock = std::chrono::steady_clock;
  const uint16_t slot = redis::SlotOf("{0}");
  bool moves = false;  // or the replica takes over, by turns
  while (!stopping_) {
    const auto begin = Clock::now();
    {
      const auto still = Still();
      moves = !moves;
      moves ? cluster_->Move(slot) : cluster_->FailOver(slot);
    }
    // While a slot moves no script runs: they must have their chance before their time is up.
    const auto took = Clock::now() - begin;
    const auto move = moves ? took : Clock::duration::zero();
    if (took > std::chrono::seconds(5)) {
      log::Warn("{} took {} s", moves ? "a move of the slot" : "a change of its master",
                absl::ToInt64Seconds(absl::FromChrono(took)));
    }
    std::this_thread::sleep_for(
        std::max<Clock::duration>(std::chrono::milliseconds(100), 4 * move));
  }
}

}  // namespace staffetta::queue
