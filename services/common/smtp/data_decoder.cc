#include "common/smtp/data_decoder.h"

#include <cstring>

namespace staffetta::smtp {
namespace {

constexpr std::string_view kCrLf = "\r\n";

const char* Find(const char* begin, const char* end, char c) {
  return static_cast<const char*>(std::memchr(begin, c, static_cast<size_t>(end - begin)));
}

bool Contains(const char* begin, const char* end, char c) {
  return begin != end && Find(begin, end, c) != nullptr;
}

}  // namespace

void DataDecoder::Store(std::string_view piece, std::string* out) {
  size_ += piece.size();
  if (size_ > options_.max_size) too_big_ = true;
  if (!too_big_ && !bad_bytes_) out->append(piece);
}

void DataDecoder::CountLine(size_t octets) {
  line_length_ += octets;
  if (line_length_ > options_.max_line) line_too_long_ = true;
}

void DataDecoder::BareLf(std::string_view before, std::string* out) {
  bare_lf_ = true;
  if (options_.strict) bad_bytes_ = true;
  Store(before, out);
  Store(kCrLf, out);
  line_length_ = 0;
  state_ = State::kBareStart;
}

// The fast way, in state kInLine: whole lines, found by memchr and appended in runs, until one
// begins with a dot, ends by a bare LF, or is cut by the end of the input.
size_t DataDecoder::FeedLines(std::string_view input, size_t pos, std::string* out) {
  const char* const end = input.data() + input.size();
  const char* run = input.data() + pos;  // not appended yet
  const char* line = run;
  while (true) {
    const char* const lf = line == end ? nullptr : Find(line, end, '\n');
    if (lf == nullptr) break;
    const bool crlf = lf > line && lf[-1] == '\r';
    const char* const text_end = crlf ? lf - 1 : lf;
    if (Contains(line, text_end, '\r')) bad_bytes_ = true;
    CountLine(static_cast<size_t>(text_end - line));
    if (!crlf) {
      BareLf(std::string_view(run, static_cast<size_t>(lf - run)), out);
      return static_cast<size_t>(lf + 1 - input.data());
    }
    line_length_ = 0;
    line = lf + 1;
    if (line == end || *line == '.') {
      Store(std::string_view(run, static_cast<size_t>(line - run)), out);
      state_ = State::kLineStart;
      return static_cast<size_t>(line - input.data());
    }
  }
  // The line goes on in the next piece; a CR at the end waits for its LF.
  const bool cr = line < end && end[-1] == '\r';
  const char* const text_end = cr ? end - 1 : end;
  if (Contains(line, text_end, '\r')) bad_bytes_ = true;
  CountLine(static_cast<size_t>(text_end - line));
  Store(std::string_view(run, static_cast<size_t>(text_end - run)), out);
  state_ = cr ? State::kCr : State::kInLine;
  return input.size();
}

size_t DataDecoder::Feed(std::string_view input, std::string* out) {
  if (options_.binary) {
    Store(input, out);
    return input.size();
  }
  const size_t nul = input.find('\0');
  size_t pos = 0;
  while (pos < input.size() && state_ != State::kDone) {
    const char c = input[pos];
    switch (state_) {
      case State::kLineStart:
        if (c == '.' && options_.framing == Framing::kDot) {
          state_ = State::kDot;
          ++pos;
        } else {
          pos = FeedLines(input, pos, out);
        }
        break;
      case State::kBareStart:
      case State::kInLine:
        pos = FeedLines(input, pos, out);
        break;
      case State::kCr:
        if (c == '\n') {
          Store(kCrLf, out);
          line_length_ = 0;
          state_ = State::kLineStart;
          ++pos;
        } else {
          bad_bytes_ = true;
          CountLine(1);
          Store("\r", out);
          state_ = State::kInLine;
        }
        break;
      case State::kDot:
        if (c == '\r') {
          state_ = State::kDotCr;
          ++pos;
        } else if (c == '\n') {
          // Nothing follows the dot that could have been stuffed: it is content.
          CountLine(1);
          BareLf(".", out);
          ++pos;
        } else {
          state_ = State::kInLine;
        }
        break;
      case State::kDotCr:
        if (c == '\n') {
          state_ = State::kDone;
          ++pos;
        } else {
          bad_bytes_ = true;
          state_ = State::kInLine;
        }
        break;
      case State::kDone:
        break;
    }
  }
  if (nul < pos) bad_bytes_ = true;
  return pos;
}

void DataDecoder::Finish() {
  if (state_ == State::kCr) bad_bytes_ = true;
  state_ = State::kDone;
}

}  // namespace staffetta::smtp
