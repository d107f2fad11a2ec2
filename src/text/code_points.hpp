// SPDX-License-Identifier: Apache-2.0
// Walks over the characters of UTF-8 text.
#pragma once

#include <cstdint>
#include <string_view>

#include <utf8proc.h>

namespace slalom::text {

/// One character, or one byte that does not belong to any.
struct CodePoint {
  std::int32_t value = -1;  ///< -1: not UTF-8
  std::string_view bytes;   ///< never empty
};

/// Calls `visit(CodePoint)` for each; a visit that returns false ends the walk.
template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  while (!text.empty()) {
    CodePoint point;
    const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const utf8proc_ssize_t length = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &point.value);
    if (length < 1) point.value = -1;
    point.bytes = text.substr(0, length < 1 ? 1 : static_cast<std::size_t>(length));
    if (!visit(point)) return;
    text.remove_prefix(point.bytes.size());
  }
}

}  // namespace slalom::text
