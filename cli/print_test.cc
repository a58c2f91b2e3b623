#include "cli/print.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/reply_text.h"
#include "staffetta/auth/v1/auth.pb.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::cli {
namespace {

TEST(PrintTest, Visible_LeavesNoControlCharacter) {
  const struct {
    std::string text;
    std::string visible;
  } rows[] = {
      {"", ""},
      {"città 電", "città 電"},
      {"a\r\nb\tc", "a\\x0d\\x0ab\\x09c"},
      {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
      {std::string(1, '\0') + "\x7f", "\\x00\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\x9b31m"},  // U+009B: the terminal's other escape
      {"\xc2\xa0", "\xc2\xa0"},
      {"\xc2", "\xc2"},
  };
  for (const auto& row : rows) EXPECT_EQ(Visible(row.text), row.visible);
}

TEST(PrintTest, Table_AlignsByCharactersAndMarksEmptyCells) {
  Table table({"A", "BB", "C"});
  table.Add({"città", "", "x"});
  table.Add({"1", "333", ""});
  std::ostringstream out;
  out << table;
  EXPECT_EQ(out.str(),
            "A      BB   C\n"
            "città  -    x\n"
            "1      333  -\n");
}

TEST(PrintTest, EnumWords_AreTheirNamesWithoutTheType) {
  EXPECT_EQ(Words<auth::v1::UserStatus>(),
            (std::vector<std::string>{"active", "inactive", "blocked"}));
  EXPECT_EQ(Word(events::v1::EVENT_TYPE_SENDER_REFUSED), "sender-refused");
  EXPECT_EQ(Word(events::v1::EVENT_TYPE_UNSPECIFIED), "");
  EXPECT_EQ(Word(static_cast<events::v1::EventType>(99)), "99");
  EXPECT_EQ(ValueOf<events::v1::EventType>("sender-refused"),
            events::v1::EVENT_TYPE_SENDER_REFUSED);
  EXPECT_EQ(ValueOf<events::v1::EventType>("unspecified"), events::v1::EVENT_TYPE_UNSPECIFIED);
}

TEST(PrintTest, Json_HasDefaultsUnderTheFieldsOwnNames) {
  auth::v1::Account account;
  account.set_account_id(5);
  const auto json = Json(account);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json, "{\"account_id\":\"5\",\"name\":\"\",\"channel\":\"\"}");
}

TEST(PrintTest, JsonOfAnImpossibleTime_IsAnError) {
  auth::v1::User user;
  user.mutable_update_time()->set_seconds(int64_t{1} << 60);
  EXPECT_FALSE(Json(user).ok());
}

TEST(PrintTest, ReplyText_HasWhatThereIs) {
  mail::v1::Reply reply;
  EXPECT_EQ(ReplyText(reply), "");
  reply.set_text("connection refused");
  EXPECT_EQ(ReplyText(reply), "connection refused");
  reply.set_code(550);
  reply.set_enhanced_code("5.1.1");
  reply.set_text("no such\nuser");
  reply.set_host("mx.example.net [192.0.2.1]");
  EXPECT_EQ(ReplyText(reply), "550 5.1.1 no such user (mx.example.net [192.0.2.1])");
}

}  // namespace
}  // namespace staffetta::cli
