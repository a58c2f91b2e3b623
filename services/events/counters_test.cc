#include "events/counters.h"

#include <gtest/gtest.h>

namespace staffetta::events {
namespace {

v1::Event Make(v1::EventType type, uint64_t account, int64_t seconds, int recipients) {
  v1::Event event;
  event.set_type(type);
  event.mutable_envelope()->set_account_id(account);
  event.mutable_time()->set_seconds(seconds);
  for (int i = 0; i < recipients; ++i) event.add_recipients("r@x.example");
  return event;
}

// SPEC E4
TEST(Counters, RecipientsAndMessagesAreCountedByAccountAndHour) {
  v1::Event refused = Make(v1::EVENT_TYPE_SENDER_REFUSED, 2, 3600, 0);
  refused.set_count(7);
  const Increments increments =
      Count({Make(v1::EVENT_TYPE_ACCEPTED, 1, 7199, 3), Make(v1::EVENT_TYPE_DELIVERED, 1, 7199, 2),
             Make(v1::EVENT_TYPE_DELIVERED, 1, 7198, 1), Make(v1::EVENT_TYPE_DELIVERED, 1, 7200, 1),
             refused});
  const Increments expected = {{{1, 1, "accepted"}, 1},
                               {{1, 1, "delivered"}, 3},
                               {{1, 2, "delivered"}, 1},
                               {{2, 1, "sender_refused"}, 7}};
  EXPECT_EQ(increments, expected);
}

TEST(Counters, EventsWithoutAccountCountNothing) {
  EXPECT_TRUE(Count({Make(v1::EVENT_TYPE_STATE_CHANGED, 0, 0, 0)}).empty());
}

}  // namespace
}  // namespace staffetta::events
