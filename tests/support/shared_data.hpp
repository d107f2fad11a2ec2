// SPDX-License-Identifier: Apache-2.0
// Finds the reference vectors and data sets that some tests read and that are not part of the repository.
#pragma once

#include <filesystem>

namespace slalom::testing {

/// The folder with golden/ and data/: the environment variable SLALOM_SHARED, else `shared` beside the source tree;
/// empty if there is none, in which case a test calls GTEST_SKIP.
[[nodiscard]] std::filesystem::path shared_dir();

}  // namespace slalom::testing
