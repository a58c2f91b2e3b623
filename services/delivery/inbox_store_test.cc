#include "delivery/inbox_store.h"

#include <gtest/gtest.h>

#include "common/redis/test_redis.h"

namespace staffetta::delivery {
namespace {

constexpr uint64_t kAccount = 7;

class InboxStoreTest : public testing::Test {
 protected:
  uint64_t Capture(const std::string& delivery, const std::string& content,
                   uint64_t account = kAccount) {
    v1::CapturedMessage message;
    message.set_message_id("m-" + delivery);
    message.set_subject("About " + delivery);
    message.set_size(static_cast<int64_t>(content.size()));
    message.set_content(content);
    const auto number = Await(context_, store_.Capture(account, delivery, std::move(message)));
    EXPECT_TRUE(number.ok()) << number.status();
    return number.value_or(0);
  }
  std::vector<uint64_t> Numbers(uint64_t below, int limit, int64_t total) {
    const auto page = Await(context_, store_.List(kAccount, below, limit));
    EXPECT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->total, total);
    std::vector<uint64_t> numbers;
    for (const auto& message : page->messages) {
      EXPECT_TRUE(message.content().empty());
      numbers.push_back(message.number());
    }
    return numbers;
  }
  std::optional<v1::CapturedMessage> Get(uint64_t number) {
    const auto message = Await(context_, store_.Get(kAccount, number));
    EXPECT_TRUE(message.ok()) << message.status();
    return *message;
  }

  redis::TestRedis redis_;
  asio::io_context context_;
  redis::Client client_{context_.get_executor(), redis_.options()};
  InboxStore store_{&client_, 3};
};

using Numbered = std::vector<uint64_t>;

// SPEC D13
TEST_F(InboxStoreTest, CapturedMessage_IsReadAsItWas) {
  const std::string content("Subject: x\r\n\r\n\0\xff\r\n", 18);
  EXPECT_EQ(Capture("a.1", content), 1U);
  const auto message = Get(1);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->content(), content);
  EXPECT_EQ(message->subject(), "About a.1");
  EXPECT_EQ(message->number(), 1U);
}

TEST_F(InboxStoreTest, SameDeliveryAgain_IsTheSameMessage) {
  EXPECT_EQ(Capture("a.1", "x"), 1U);
  EXPECT_EQ(Capture("b.1", "x"), 2U);
  EXPECT_EQ(Capture("a.1", "x"), 1U);
  EXPECT_EQ(Numbers(0, 10, 2), (Numbered{2, 1}));
}

TEST_F(InboxStoreTest, OldestGo_WhenItIsFull) {
  for (const char* id : {"a", "b", "c", "d", "e"}) Capture(id, id);
  EXPECT_EQ(Numbers(0, 10, 3), (Numbered{5, 4, 3}));
  EXPECT_FALSE(Get(2).has_value());
  EXPECT_EQ(redis_.Raw("HLEN inbox:{i7}:content").find(":3"), 0U);
}

TEST_F(InboxStoreTest, PagesFollowEachOther) {
  for (const char* id : {"a", "b", "c"}) Capture(id, id);
  EXPECT_EQ(Numbers(0, 2, 3), (Numbered{3, 2}));
  EXPECT_EQ(Numbers(2, 2, 3), (Numbered{1}));
  EXPECT_EQ(Numbers(1, 2, 3), (Numbered{}));
}

TEST_F(InboxStoreTest, AccountsDoNotSeeEachOther) {
  EXPECT_EQ(Capture("a", "x", 8), 1U);
  EXPECT_EQ(Numbers(0, 10, 0), (Numbered{}));
  EXPECT_FALSE(Get(1).has_value());
}

TEST_F(InboxStoreTest, Clear_ForgetsAll_NumbersGoOn) {
  Capture("a", "x");
  Capture("b", "x");
  const auto removed = Await(context_, store_.Clear(kAccount));
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 2);
  EXPECT_EQ(Numbers(0, 10, 0), (Numbered{}));
  EXPECT_EQ(Capture("c", "x"), 3U);
}

TEST_F(InboxStoreTest, RedisGone_IsAnErrorNotAnEmptyInbox) {
  Capture("a", "x");
  redis_.Kill();
  EXPECT_FALSE(Await(context_, store_.List(kAccount, 0, 10)).ok());
  EXPECT_FALSE(Await(context_, store_.Get(kAccount, 1)).ok());
}

}  // namespace
}  // namespace staffetta::delivery
