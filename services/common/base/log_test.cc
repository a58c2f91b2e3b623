#include "common/base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/mail_log.h"

namespace staffetta::log {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Standard error is a pipe while the test runs; what is in it is read without waiting.
class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    EXPECT_EQ(::pipe2(pipe_, O_NONBLOCK), 0);
    before_ = ::dup(STDERR_FILENO);
    ::dup2(pipe_[1], STDERR_FILENO);
    Init();
    SetLevel("info");
  }
  ~LogTest() override {
    Flush();
    ::dup2(before_, STDERR_FILENO);
    for (const int descriptor : {before_, pipe_[0], pipe_[1]}) ::close(descriptor);
  }
  std::string Written() {
    std::string text(65536, '\0');
    const ssize_t length = ::read(pipe_[0], text.data(), text.size());
    text.resize(std::max<ssize_t>(0, length));
    return text;
  }

  int pipe_[2] = {-1, -1};
  int before_ = -1;
};

TEST_F(LogTest, LinesCarryUtcTimeAndLevel) {
  Info("{} ports open", 3);
  Flush();
  EXPECT_THAT(Written(), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\."
                                      "[0-9]{3}Z info 3 ports open\n"));
}

TEST_F(LogTest, MailEvents_AreWrittenAtInfo) {
  LogLeaseLost({.id = "m1", .delivery = "m1.0"});
  Flush();
  EXPECT_THAT(Written(), HasSubstr(" info id=m1 event=lease_lost delivery=m1.0\n"));
  SetLevel("warn");
  LogLeaseLost({.id = "m2", .delivery = "m2.0"});
  Flush();
  EXPECT_EQ(Written(), "");
}

TEST_F(LogTest, Warning_WritesWhatWasCollected) {
  Info("first");
  Warn("second");
  EXPECT_THAT(Written(), MatchesRegex("[^\n]*info first\n[^\n]*warning second\n"));
}

TEST_F(LogTest, InfoLines_AreWrittenTogether) {
  Info("first");
  Info("second");
  EXPECT_EQ(Written(), "");
  Flush();
  EXPECT_THAT(Written(), MatchesRegex("[^\n]*info first\n[^\n]*info second\n"));
}

TEST_F(LogTest, UnknownLevel_ChangesNothing) {
  EXPECT_FALSE(SetLevel("loud"));
  EXPECT_FALSE(IsLevel(""));
  EXPECT_TRUE(IsLevel("trace"));
  Debug("unseen");
  Info("seen");
  Flush();
  EXPECT_THAT(Written(), ::testing::AllOf(HasSubstr("seen"), ::testing::Not(HasSubstr("unseen"))));
}

TEST(Escaped, IsOneLineOfAtMostFiveHundredBytes) {
  EXPECT_EQ(Escaped("a\r\nb\"\\"), "a\\r\\nb\\\"\\\\");
  EXPECT_EQ(Escaped(std::string(501, 'x')), std::string(500, 'x'));
}

}  // namespace
}  // namespace staffetta::log
