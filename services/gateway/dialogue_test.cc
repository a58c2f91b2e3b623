#include "gateway/dialogue.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace staffetta::gateway {
namespace {

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(DIALOGUES)) {
    if (entry.path().extension() == ".smtp") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<DialogueStep> Load(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  auto steps = ParseDialogue(text.str());
  EXPECT_TRUE(steps.ok()) << steps.status();
  return steps.ok() ? *steps : std::vector<DialogueStep>();
}

std::string NameOf(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

class DialogueTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(DialogueTest, GoesAsWritten) {
  const auto steps = Load(GetParam());
  ASSERT_FALSE(steps.empty());
  const absl::Status status = PlayDialogue(steps, SIZE_MAX);
  EXPECT_TRUE(status.ok()) << status.message();
}

// However the octets arrive, the session understands the same.
TEST_P(DialogueTest, GoesTheSameOctetByOctet) {
  const auto steps = Load(GetParam());
  if (IsWhole(steps)) return;
  for (const size_t max_read : {1, 3, 7}) {
    const absl::Status status = PlayDialogue(steps, max_read);
    EXPECT_TRUE(status.ok()) << max_read << " at once: " << status.message();
  }
}

INSTANTIATE_TEST_SUITE_P(All, DialogueTest, testing::ValuesIn(Files()), NameOf);

TEST(DialogueRunner, WrongReply_Fails) {
  const auto steps = ParseDialogue("S: 220\nC: NOOP\nS: 500\nC: QUIT\nS: 221\n");
  ASSERT_TRUE(steps.ok());
  EXPECT_FALSE(PlayDialogue(*steps, SIZE_MAX).ok());
}

TEST(DialogueRunner, UnexpectedReply_Fails) {
  const auto steps = ParseDialogue("S: 220\nC: NOOP\nC: QUIT\nS: 221\n");
  ASSERT_TRUE(steps.ok());
  EXPECT_FALSE(PlayDialogue(*steps, SIZE_MAX).ok());
}

TEST(DialogueRunner, MissingClose_Fails) {
  const auto steps = ParseDialogue("S: 220\nC: NOOP\nS: 250\nCLOSED\n");
  ASSERT_TRUE(steps.ok());
  EXPECT_FALSE(PlayDialogue(*steps, SIZE_MAX).ok());
}

TEST(DialogueRunner, UnknownStep_IsAnError) { EXPECT_FALSE(ParseDialogue("X: hello\n").ok()); }

}  // namespace
}  // namespace staffetta::gateway
