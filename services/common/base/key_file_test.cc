#include "common/base/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

namespace staffetta {
namespace {

using ::testing::HasSubstr;

class KeyFileTest : public ::testing::Test {
 protected:
  KeyFileTest() {
    std::string name = ::testing::TempDir() + "staffetta-key-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    path_ = directory_ / "operator.key";
  }
  ~KeyFileTest() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& content, mode_t mode = 0600) {
    std::ofstream(path_) << content;
    ::chmod(path_.c_str(), mode);
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
};

TEST_F(KeyFileTest, MissingFile_IsMadeForItsOwnerOnly) {
  EXPECT_TRUE(absl::IsNotFound(ReadKeyFile(path_).status()));
  const auto key = ReadOrCreateKeyFile(path_);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->size(), 26);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
  EXPECT_EQ(*ReadKeyFile(path_), *key);
  EXPECT_EQ(*ReadOrCreateKeyFile(path_), *key);
}

TEST_F(KeyFileTest, OneFileRemains) {
  ASSERT_TRUE(ReadOrCreateKeyFile(path_).ok());
  const std::filesystem::directory_iterator files(directory_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(KeyFileTest, StartersAtOnce_GetTheSameKey) {
  constexpr int kStarters = 16;
  std::vector<std::string> keys(kStarters);
  std::vector<std::thread> threads;
  for (std::string& key : keys) {
    threads.emplace_back([this, &key] { key = ReadOrCreateKeyFile(path_).value_or("failed"); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 1);
  EXPECT_EQ(keys[0], *ReadKeyFile(path_));
}

TEST_F(KeyFileTest, FileThatOthersRead_IsRefusedWithTheRepair) {
  for (const mode_t mode : {0640, 0604, 0620, 0644}) {
    Write("0123456789abcdefghjkmnpqrs\n", mode);
    for (const auto& key : {ReadKeyFile(path_), ReadOrCreateKeyFile(path_)}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(key.status()));
      EXPECT_THAT(std::string(key.status().message()), HasSubstr("chmod 600 " + path_.string()));
    }
  }
  Write("0123456789abcdefghjkmnpqrs\n", 0400);
  EXPECT_EQ(*ReadKeyFile(path_), "0123456789abcdefghjkmnpqrs");
}

TEST_F(KeyFileTest, WhatIsNoKey_IsRefusedAndKept) {
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("short\n"), std::string(19, 'x'),
        std::string("0123456789abcdefghjk\n0123456789abcdefghjk\n"),
        std::string("with a blank 0123456789"), std::string(5000, 'x')}) {
    Write(content);
    EXPECT_TRUE(absl::IsFailedPrecondition(ReadOrCreateKeyFile(path_).status())) << content;
    EXPECT_EQ(std::filesystem::file_size(path_), content.size());
  }
}

TEST_F(KeyFileTest, MissingDirectory_IsAnErrorThatNamesThePath) {
  const auto key = ReadOrCreateKeyFile(directory_ / "none" / "key");
  EXPECT_FALSE(key.ok());
  EXPECT_THAT(std::string(key.status().message()), HasSubstr("none/key"));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadKeyFile(directory_).status()));
}

}  // namespace
}  // namespace staffetta
