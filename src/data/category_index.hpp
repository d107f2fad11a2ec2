// SPDX-License-Identifier: Apache-2.0
// Numbers distinct texts in order of first appearance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace slalom {

/// The dictionary behind a CategoricalColumn while it is being read.
class CategoryIndex {
 public:
  /// The number of `text`, and whether this is its first appearance.
  std::pair<std::int32_t, bool> insert(std::string_view text) {
    if (const auto found = codes_.find(text); found != codes_.end()) return {found->second, false};
    const auto code = static_cast<std::int32_t>(texts_.size());
    const auto place = codes_.emplace(std::string(text), code).first;
    texts_.push_back(&place->first);  // keys of an unordered_map stay where they are
    return {code, true};
  }

  /// The texts by number; the index is empty afterwards.
  [[nodiscard]] std::vector<std::string> take() {
    std::vector<std::string> out;
    out.reserve(texts_.size());
    for (const std::string* text : texts_) out.push_back(*text);
    texts_.clear();
    codes_.clear();
    return out;
  }

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the name that the standard library asks for
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> codes_;
  std::vector<const std::string*> texts_;
};

}  // namespace slalom
