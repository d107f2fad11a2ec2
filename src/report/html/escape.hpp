// SPDX-License-Identifier: Apache-2.0
// Makes text from files and command lines safe to stand in a page.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace slalom::report::html {

using Json = nlohmann::ordered_json;

/// Valid UTF-8 that HTML allows: bytes that are none, NUL and other control characters become U+FFFD; tab and line feed
/// stay.
[[nodiscard]] std::string clean_text(std::string_view dirty);

/// clean_text for the content of an element or for an attribute in double quotes.
[[nodiscard]] std::string escape(std::string_view text);

/// JSON for the content of a script element: nothing in it can end the element or open a comment.
[[nodiscard]] std::string script_json(const Json& json);

}  // namespace slalom::report::html
