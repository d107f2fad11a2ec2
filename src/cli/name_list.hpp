// SPDX-License-Identifier: Apache-2.0
// Lists of column names on the command line.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace slalom::cli {

/// The items of `a,b,"c, d"`: commas separate them, except within double quotes; a doubled quote in quotes is one
/// quote. Throws UsageError that names `flag` if a quote is never closed or an item is empty.
[[nodiscard]] std::vector<std::string> split_names(const std::string& flag, std::string_view text);

/// The item as split_names takes it: in quotes if it holds a comma or a quote.
[[nodiscard]] std::string quoted_name(const std::string& name);

/// Adds a flag that takes such a list, once or several times, and hands all of its items to `take`.
CLI::Option* add_name_list(CLI::App& app, const std::string& flag,
                           const std::function<void(std::vector<std::string>)>& take, const std::string& help);
CLI::Option* add_name_list(CLI::App& app, const std::string& flag, std::vector<std::string>& target,
                           const std::string& help);

}  // namespace slalom::cli
