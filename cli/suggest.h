#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace staffetta::cli {

// The known word that was most likely meant by an unknown one; empty when none is near.
std::string NearestWord(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace staffetta::cli
