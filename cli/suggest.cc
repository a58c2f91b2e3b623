#include "cli/suggest.h"

#include <algorithm>
#include <numeric>

namespace staffetta::cli {
namespace {

// Levenshtein's distance: how many characters are put in, left out or replaced.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string NearestWord(std::string_view unknown, const std::vector<std::string>& known) {
  std::string nearest;
  size_t least = std::max<size_t>(2, unknown.size() / 3) + 1;
  for (const std::string& word : known) {
    if (const size_t distance = Distance(unknown, word); distance < least) {
      least = distance;
      nearest = word;
    }
  }
  return nearest;
}

}  // namespace staffetta::cli
