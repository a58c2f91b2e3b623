#include "common/redis/subscriber.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/redis/test_redis.h"

namespace staffetta::redis {
namespace {

class SubscriberTest : public testing::Test {
 protected:
  Subscriber::Options Options() {
    return {.endpoint = redis_.deployment(), .channels = {"a", "b"}};
  }
  Subscriber::Callbacks Callbacks() {
    return {.on_message =
                [this](std::string_view channel, std::string_view message) {
                  messages_.emplace_back(channel, message);
                },
            .on_gap = [this] { ++gaps_; },
            .on_failure = [this](absl::Status) { ++failures_; }};
  }
  template <class Condition>
  void RunUntil(Condition condition) {
    context_.restart();
    while (!condition() && context_.run_one() > 0) {
    }
  }

  TestRedis redis_;
  asio::io_context context_{1};
  std::vector<std::pair<std::string, std::string>> messages_;
  int gaps_ = 0;
  int failures_ = 0;
};

TEST_F(SubscriberTest, MessagesOfItsChannels_AreDeliveredInOrder) {
  Subscriber subscriber(context_.get_executor(), Options(), Callbacks());
  RunUntil([&] { return gaps_ == 1; });
  EXPECT_EQ(redis_.Raw("PUBLISH other 0"), ":0\r\n");
  EXPECT_EQ(redis_.Raw("PUBLISH a 1"), ":1\r\n");
  EXPECT_EQ(redis_.Raw("PUBLISH b 2"), ":1\r\n");
  RunUntil([&] { return messages_.size() == 2; });
  const std::vector<std::pair<std::string, std::string>> expected = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(messages_, expected);
}

TEST_F(SubscriberTest, AfterARestartOfRedis_SubscribesAgainAndTellsOfTheGap) {
  Subscriber subscriber(context_.get_executor(), Options(), Callbacks());
  RunUntil([&] { return gaps_ == 1; });
  redis_.Kill();
  RunUntil([&] { return failures_ > 0; });
  redis_.Restart();
  RunUntil([&] { return gaps_ == 2; });
  EXPECT_EQ(redis_.Raw("PUBLISH a again"), ":1\r\n");
  RunUntil([&] { return !messages_.empty(); });
  EXPECT_EQ(messages_[0].second, "again");
}

TEST_F(SubscriberTest, SilentServer_IsGivenUp) {
  Subscriber::Options options = Options();
  options.idle_timeout = absl::Milliseconds(50);
  options.connect_timeout = absl::Milliseconds(200);
  Subscriber subscriber(context_.get_executor(), options, Callbacks());
  RunUntil([&] { return gaps_ == 1; });
  redis_.Suspend();
  RunUntil([&] { return failures_ == 1; });
  redis_.Continue();
  RunUntil([&] { return gaps_ == 2; });
}

TEST_F(SubscriberTest, QuietChannel_KeepsItsConnection) {
  Subscriber::Options options = Options();
  options.idle_timeout = absl::Milliseconds(500);
  Subscriber subscriber(context_.get_executor(), options, Callbacks());
  RunUntil([&] { return gaps_ == 1; });
  Timer timer(context_.get_executor(), std::chrono::milliseconds(1800));
  bool passed = false;
  timer.async_wait([&](boost::system::error_code) { passed = true; });
  RunUntil([&] { return passed; });
  EXPECT_EQ(gaps_, 1);
  EXPECT_EQ(failures_, 0);
}

TEST_F(SubscriberTest, ClosedFromItsOwnCallback_IsSilentAfterwards) {
  std::unique_ptr<Subscriber> subscriber;
  Subscriber::Callbacks callbacks = Callbacks();
  callbacks.on_message = [&](std::string_view, std::string_view text) {
    messages_.emplace_back("", text);
    subscriber.reset();
  };
  subscriber = std::make_unique<Subscriber>(context_.get_executor(), Options(), callbacks);
  RunUntil([&] { return gaps_ == 1; });
  redis_.Raw("PUBLISH a 1");
  redis_.Raw("PUBLISH a 2");
  context_.restart();
  context_.run();
  EXPECT_EQ(messages_.size(), 1u);
}

}  // namespace
}  // namespace staffetta::redis
