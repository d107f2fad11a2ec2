// SPDX-License-Identifier: Apache-2.0
// The workloads of docs/performance.md.
#pragma once

namespace slalom::bench {

void register_workloads();

}  // namespace slalom::bench
