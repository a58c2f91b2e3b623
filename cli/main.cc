#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  return staffetta::cli::Run({argv + 1, argv + argc}, std::cout, std::cerr);
}
