#include "common/smtp/data_encoder.h"

#include <algorithm>
#include <cstring>

namespace staffetta::smtp {
namespace {

const char* Find(const char* begin, const char* end, char c) {
  return begin == end
             ? nullptr
             : static_cast<const char*>(std::memchr(begin, c, static_cast<size_t>(end - begin)));
}

void Append(const char* begin, const char* end, std::string* out) {
  out->append(begin, static_cast<size_t>(end - begin));
}

// Appends a line without its ending; each bare CR in it ends a line too.
void AppendLine(const char* begin, const char* end, bool line_start, std::string* out) {
  while (true) {
    if (line_start && begin != end && *begin == '.') out->push_back('.');
    const char* const cr = Find(begin, end, '\r');
    if (cr == nullptr) break;
    Append(begin, cr, out);
    out->append("\r\n");
    begin = cr + 1;
    line_start = true;
  }
  Append(begin, end, out);
}

}  // namespace

void DataEncoder::Feed(std::string_view piece, std::string* out) {
  if (piece.empty()) return;
  const char* line = piece.data();
  const char* const end = line + piece.size();
  if (cr_pending_) {
    cr_pending_ = false;
    line_start_ = true;
    out->append("\r\n");
    if (*line == '\n') ++line;
  }
  // Lines that leave as they came are appended in one run.
  const char* run = line;
  while (line != end) {
    const char* const lf = Find(line, end, '\n');
    if (lf == nullptr) break;
    const bool crlf = lf > line && lf[-1] == '\r';
    const char* const text_end = crlf ? lf - 1 : lf;
    const bool dot = line_start_ && *line == '.';
    if (!crlf || dot || Find(line, text_end, '\r') != nullptr) {
      Append(run, line, out);
      AppendLine(line, text_end, line_start_, out);
      out->append("\r\n");
      run = lf + 1;
    }
    line = lf + 1;
    line_start_ = true;
  }
  Append(run, line, out);
  if (line == end) return;
  cr_pending_ = end[-1] == '\r';
  const char* const text_end = cr_pending_ ? end - 1 : end;
  AppendLine(line, text_end, line_start_, out);
  line_start_ = text_end != line && text_end[-1] == '\r';
}

void DataEncoder::Finish(std::string* out) {
  if (cr_pending_ || !line_start_) out->append("\r\n");
  out->append(".\r\n");
  line_start_ = true;
  cr_pending_ = false;
}

void EncodeData(std::string_view content, std::string* out) {
  out->reserve(out->size() + content.size() + content.size() / 64 + 8);
  DataEncoder encoder;
  encoder.Feed(content, out);
  encoder.Finish(out);
}

bool FitsData(std::string_view content, size_t max_line) {
  DataFit fit(max_line);
  fit.Feed(content);
  return fit.Fits();
}

void DataFit::Feed(std::string_view piece) {
  if (broken_ || piece.empty()) return;
  broken_ = piece.find('\0') != std::string_view::npos;
  while (!broken_ && !piece.empty()) {
    if (cr_pending_) {
      broken_ = piece.front() != '\n';
      piece.remove_prefix(1);
      cr_pending_ = false;
      line_ = 0;
      continue;
    }
    const size_t end = std::min(piece.find('\r'), piece.size());
    line_ += end;
    broken_ = line_ > max_line_ || piece.substr(0, end).find('\n') != std::string_view::npos;
    cr_pending_ = end < piece.size();
    piece.remove_prefix(std::min(end + 1, piece.size()));
  }
}

}  // namespace staffetta::smtp
