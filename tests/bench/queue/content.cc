#include "bench/queue/content.h"

#include <absl/strings/str_cat.h>
#include <zstd.h>

#include <array>
#include <random>
#include <vector>

namespace staffetta::bench {
namespace {

constexpr int kLevel = 1;
constexpr size_t kBodies = 128;
constexpr size_t kWords = 4000;
constexpr int kWordsPerRow = 9;

std::vector<std::string> Vocabulary(std::mt19937* random) {
  std::vector<std::string> words;
  while (words.size() < kWords) {
    std::string& word = words.emplace_back();
    for (int left = std::uniform_int_distribution<int>(2, 9)(*random); left > 0; --left) {
      word += "etaoinshrdlucmfwypvbgkjqxz"[std::binomial_distribution<int>(25, 0.3)(*random)];
    }
  }
  return words;
}

// Rows of a table, its words spread as words of a language are: the few often, the many seldom.
std::string RealisticBody(const std::vector<std::string>& words, std::mt19937* random) {
  std::uniform_real_distribution<double> chance(0, 1);
  std::string body = "<html><body><table width=\"600\" cellpadding=\"0\">\r\n";
  while (body.size() < kContentSize) {
    absl::StrAppend(&body, "<tr><td style=\"padding:4px\"><a href=\"https://shop.example/p?id=",
                    absl::Hex((*random)()), "\">");
    for (int i = 0; i < kWordsPerRow; ++i) {
      const double place = chance(*random);
      absl::StrAppend(&body, words[static_cast<size_t>(kWords * place * place * place)], " ");
    }
    absl::StrAppend(&body, "</a></td></tr>\r\n");
  }
  return body;
}

std::string LightBody() {
  std::string body;
  while (body.size() < kContentSize) body += "Always the same line, all over the message.\r\n";
  return body;
}

const std::vector<std::string>& Bodies(Content content) {
  static const std::vector<std::string> light{LightBody()};
  static const std::vector<std::string> realistic = [] {
    std::mt19937 random(1);
    const std::vector<std::string> words = Vocabulary(&random);
    std::vector<std::string> bodies;
    while (bodies.size() < kBodies) bodies.push_back(RealisticBody(words, &random));
    return bodies;
  }();
  return content == Content::kLight ? light : realistic;
}

}  // namespace

std::string MakeContent(Content content, int64_t number) {
  std::string text = absl::StrCat(
      "From: Shop <shop@bench.example>\r\nTo: <r@bulk.example>\r\nSubject: Order ", number,
      "\r\nMessage-ID: <", number,
      "@bench.example>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/html; charset=utf-8\r\n\r\n");
  const std::vector<std::string>& bodies = Bodies(content);
  text += bodies[number % bodies.size()];
  text.resize(kContentSize - 2);
  return text += "\r\n";
}

double CompressedSize(Content content) {
  std::string target(ZSTD_compressBound(kContentSize), '\0');
  size_t sum = 0;
  for (size_t i = 0; i < kBodies; ++i) {
    const std::string text = MakeContent(content, static_cast<int64_t>(i));
    sum += ZSTD_compress(target.data(), target.size(), text.data(), text.size(), kLevel);
  }
  return static_cast<double>(sum) / kBodies;
}

}  // namespace staffetta::bench
