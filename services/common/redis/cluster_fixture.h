#pragma once

#include <memory>

#include "common/redis/load_fixture.h"
#include "common/redis/test_cluster.h"

namespace staffetta::redis {

// One cluster for all tests of a suite: it takes seconds to start. A test leaves it whole, though
// with other masters perhaps.
class ClusterTest : public LoadTest {
 protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<TestCluster>(); }
  static void TearDownTestSuite() { cluster_.reset(); }

  ClusterTest() : LoadTest(cluster_->options()) {}
  void TearDown() override { cluster_->AwaitHealthy(); }

  static inline std::unique_ptr<TestCluster> cluster_;
};

}  // namespace staffetta::redis
