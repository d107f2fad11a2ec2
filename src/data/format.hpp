// SPDX-License-Identifier: Apache-2.0
// Which file format a name stands for.
#pragma once

#include <string>
#include <string_view>

namespace slalom {

enum class FileFormat { kCsv, kParquet, kFeather, kNpy, kLibsvm };

/// The format of `path` by its extension (case ignored; a final .gz is taken off first): .parquet .pq; .feather .arrow
/// .ipc; .npy; .libsvm .svm .svmlight; anything else is CSV. A non-empty `name` (csv, parquet, feather, npy, libsvm)
/// overrides it; throws UsageError if that is another word.
[[nodiscard]] FileFormat find_format(std::string_view path, std::string_view name = {});

/// With ASCII letters in lower case.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace slalom
