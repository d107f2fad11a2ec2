// SPDX-License-Identifier: Apache-2.0
// The content of a file that a test looks at.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace slalom::testing {

/// Every byte of the file; "" with a test failure if it cannot be read.
inline std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ADD_FAILURE() << "cannot read " << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace slalom::testing
