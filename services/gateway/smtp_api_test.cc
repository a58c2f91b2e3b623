#include "gateway/smtp_api.h"

#include <gtest/gtest.h>

namespace staffetta::gateway {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);  // 2027-01-15T08:00:00Z
const SmtpApiRules kRules = {kNow, absl::Hours(60 * 24)};

// The key and rule that were broken; empty: none.
std::string FaultOf(const std::string& header) {
  const auto read = ReadSmtpApi(mime::HeaderBlock::Parse(header), kRules);
  if (read) return "";
  return std::string(read.error().key) + ": " + std::string(read.error().rule);
}

std::string FaultOfJson(const std::string& json) { return FaultOf("X-SMTPAPI: " + json + "\r\n"); }

SmtpApi Read(const std::string& value) {
  const std::string header = "x-smtpapi:" + value + "\r\n";
  auto read = ReadSmtpApi(mime::HeaderBlock::Parse(header), kRules);
  EXPECT_TRUE(read) << value;
  return read ? *read : SmtpApi{};
}

// SPEC X1
TEST(SmtpApi, AllKeys_AreRead) {
  const SmtpApi api =
      Read(R"( {"CampaignName":"Spring","CampaignCode":"1001","Priority":2,)"
           "\r\n "
           R"("Schedule":"2027-01-15T10:00:00+01:00","ClickTracking":true,"ViewTracking":false,)"
           "\r\n\t"
           R"("Header":true,"Footer":false,"DynamicFields":[{"N":"firstname","V":"Ann"}],)"
           R"("SkipDynamicFields":false,"CampaignReport":"weekly"})");
  EXPECT_EQ(api.controls.campaign_name, "Spring");
  EXPECT_EQ(api.controls.campaign_code, "1001");
  EXPECT_EQ(api.priority, 2);
  EXPECT_EQ(api.schedule, kNow + absl::Hours(1));
  EXPECT_EQ(api.controls.click_tracking, true);
  EXPECT_EQ(api.controls.view_tracking, false);
  EXPECT_EQ(api.controls.header, true);
  EXPECT_EQ(api.controls.footer, false);
  EXPECT_EQ(api.controls.campaign_report, "\"weekly\"");
  ASSERT_EQ(api.dynamic_fields.size(), 1U);
  EXPECT_EQ(api.dynamic_fields.at("firstname"), "Ann");
}

// SPEC X1
TEST(SmtpApi, AbsentAndNull_MeanTheDefault) {
  for (const char* value :
       {"{}", R"({"CampaignName":null,"CampaignCode":null,"Priority":null,"Schedule":null,)"
              R"("ClickTracking":null,"ViewTracking":null,"Header":null,"Footer":null,)"
              R"("DynamicFields":null,"SkipDynamicFields":null,"CampaignReport":null})"}) {
    const SmtpApi api = Read(value);
    EXPECT_EQ(api.priority, std::nullopt);
    EXPECT_EQ(api.schedule, std::nullopt);
    EXPECT_EQ(api.controls.click_tracking, std::nullopt);
    EXPECT_EQ(api.controls.footer, std::nullopt);
    EXPECT_EQ(api.controls.campaign_name + api.controls.campaign_report, "");
    EXPECT_TRUE(api.dynamic_fields.empty());
  }
  EXPECT_EQ(FaultOf("Subject: none\r\n"), "");
}

// SPEC X1
TEST(SmtpApi, UnknownKeys_AreIgnored) {
  EXPECT_EQ(Read(R"({"unique_args":{"a":[1,2]},"priority":9,"Priority":1})").priority, 1);
  EXPECT_EQ(Read(R"({"DynamicFields":[{"N":"a","V":"b","X":1}]})").dynamic_fields.size(), 1U);
}

// SPEC X1
TEST(SmtpApi, WhatIsNoObject_IsRefused) {
  for (const char* bad :
       {"", "null", "[]", "1", "\"x\"", "{", "{}}", R"({"Priority":1,})", R"({'Priority':1})",
        R"({"Priority":1,"Priority":1})", "{\"x\":\"\xE9\"}"}) {
    EXPECT_EQ(FaultOfJson(bad), ": not a JSON object") << bad;
  }
  EXPECT_EQ(FaultOf("X-SMTPAPI: {}\r\nx-smtpapi : {}\r\n"), ": there is more than one");
}

// SPEC X1
TEST(SmtpApi, BadValue_IsRefusedByItsKey) {
  const struct {
    const char* key;
    const char* values[8];
  } kBad[] = {
      {"CampaignName", {"1", "true", "[]", "{}", R"("a\nb")", R"("\u0000")", R"("\u0085")"}},
      {"CampaignCode", {"1001", "false", R"("\u001b")"}},
      {"Priority", {"0", "6", "-1", "\"1\"", "1.5", "1.0", "99999999999999999999", "true"}},
      {"Schedule",
       {"1", "\"\"", "\"tomorrow\"", "\"2027-01-15\"", "\"2027-01-15T10:00:00\"",
        "\"2027-02-30T10:00:00Z\"", "\"infinite-future\"", "\"2027-01-15T25:00:00Z\""}},
      {"ClickTracking", {"0", "1", "\"true\"", "[]"}},
      {"ViewTracking", {"\"\""}},
      {"Header", {"{}"}},
      {"Footer", {"2"}},
      {"SkipDynamicFields", {"\"no\""}},
      {"DynamicFields",
       {"{}", "\"x\"", "[1]", "[{}]", R"([{"N":""}])", R"([{"N":1,"V":"x"}])",
        R"([{"N":"a","V":1}])", R"([{"N":"a","V":"x"},{"N":"a","V":"y"}])"}},
      {"DynamicFields",
       {R"([{"N":"a]","V":"x"}])", R"([{"N":"[a","V":"x"}])", R"([{"N":"a\r\n","V":"x"}])",
        R"([{"N":"a","V":"\u0000"}])", R"([{"N":"a","V":"\u001b"}])",
        R"([{"N":"a","V":"\u007f"}])"}},
  };
  for (const auto& row : kBad) {
    for (const char* value : row.values) {
      if (value == nullptr) continue;
      const std::string fault = FaultOfJson("{\"" + std::string(row.key) + "\":" + value + "}");
      EXPECT_EQ(fault.substr(0, fault.find(':')), row.key) << value;
      EXPECT_NE(fault, "") << value;
    }
  }
}

// SPEC X1, S6
TEST(SmtpApi, Limits_HoldAtNAndBreakAtNPlusOne) {
  const auto text = [](const char* key, size_t length) {
    return "{\"" + std::string(key) + "\":\"" + std::string(length, 'x') + "\"}";
  };
  EXPECT_EQ(FaultOfJson(text("CampaignName", 255)), "");
  EXPECT_NE(FaultOfJson(text("CampaignName", 256)), "");
  EXPECT_EQ(FaultOfJson(text("CampaignReport", 998)), "");
  EXPECT_EQ(FaultOfJson(text("CampaignReport", 999)), "CampaignReport: longer than 1000 octets");
  const auto name = [](size_t length) {
    return R"({"DynamicFields":[{"N":")" + std::string(length, 'x') + R"(","V":""}]})";
  };
  EXPECT_EQ(FaultOfJson(name(100)), "");
  EXPECT_NE(FaultOfJson(name(101)), "");
}

TEST(SmtpApi, MaxHold_IsNamed) {
  const auto read = ReadSmtpApi(
      mime::HeaderBlock::Parse("X-SMTPAPI: {\"Schedule\":\"2027-01-15T10:00:00Z\"}\r\n"),
      {kNow, absl::Minutes(90)});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().rule, "more than 1h30m ahead");
}

// SPEC X1
TEST(SmtpApi, Schedule_IsATimeAsFarAheadAsMailMayBeHeld) {
  const auto schedule = [](const std::string& time) {
    return Read(R"({"Schedule":")" + time + "\"}").schedule;
  };
  EXPECT_EQ(schedule("2027-01-15T08:00:01Z"), kNow + absl::Seconds(1));
  EXPECT_EQ(schedule("2027-01-15T09:00:30.25+01:00"), kNow + absl::Seconds(30));
  EXPECT_EQ(schedule("2027-01-15T09:30+01:00"), kNow + absl::Minutes(30));
  EXPECT_EQ(schedule("2027-01-15T04:30:00-0400"), kNow + absl::Minutes(30));
  EXPECT_EQ(schedule("2027-01-15t09:30+01"), kNow + absl::Minutes(30));
  EXPECT_EQ(schedule("2027-03-16T08:00:00Z"), kNow + absl::Hours(60 * 24));
  EXPECT_EQ(schedule("2027-01-15T08:00:00Z"), std::nullopt) << "now";
  EXPECT_EQ(schedule("1999-01-15T08:00:00Z"), std::nullopt) << "past is now";
  EXPECT_EQ(FaultOfJson(R"({"Schedule":"2027-03-16T08:00:01Z"})"),
            "Schedule: more than 60 days ahead");
  EXPECT_EQ(FaultOfJson(R"({"Schedule":"9999-12-31T23:59:59Z"})"),
            "Schedule: more than 60 days ahead");
}

// SPEC X1
TEST(SmtpApi, SkipDynamicFields_LeavesNone) {
  EXPECT_TRUE(Read(R"({"DynamicFields":[{"N":"a","V":"b"}],"SkipDynamicFields":true})")
                  .dynamic_fields.empty());
}

TEST(SmtpApi, LineBreaksInValues_AreCrlf) {
  const SmtpApi api = Read(R"({"DynamicFields":[{"N":"a","V":"1\n2\r\n3\r4\t"},{"N":"b"}]})");
  EXPECT_EQ(api.dynamic_fields.at("a"), "1\r\n2\r\n3\r\n4\t");
  EXPECT_EQ(api.dynamic_fields.at("b"), "");
}

// PHPMailer and nodemailer write encoded words into any field that is long or not ASCII.
TEST(SmtpApi, EncodedWords_AreDecodedFirst) {
  EXPECT_EQ(Read("=?UTF-8?Q?{=22CampaignName=22:=22caf=C3=A9=22}?=").controls.campaign_name,
            "café");
  EXPECT_EQ(Read("=?utf-8?B?eyJQcmlv?=\r\n =?utf-8?B?cml0eSI6NX0=?=").priority, 5);
  EXPECT_EQ(Read("{\"CampaignName\":\"a\r\n\tb\"}").controls.campaign_name, "a b");
}

}  // namespace
}  // namespace staffetta::gateway
