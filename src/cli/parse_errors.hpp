// SPDX-License-Identifier: Apache-2.0
// What was wrong with a command line, in the words of the other messages.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace slalom::cli {

/// One sentence for a command line that `app` could not parse: unknown flags first, with the nearest one that exists.
[[nodiscard]] std::string describe_parse_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace slalom::cli
