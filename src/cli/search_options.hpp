// SPDX-License-Identifier: Apache-2.0
// The flags that say what tuning tries.
#pragma once

#include <slalom/tune.hpp>

namespace CLI {
class App;
}

namespace slalom::cli {

/// --batch-sizes, --devices, --search, --lrs, --optimizers, --l1s, --l2s, --trials, --repeats, --target-loss,
/// --measure-time, --no-early-stop. (--lr-rule is added by the command: its default depends on other flags.)
void add_search_options(CLI::App& app, TuneJob& job);

}  // namespace slalom::cli
