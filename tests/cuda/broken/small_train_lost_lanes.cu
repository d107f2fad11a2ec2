// SPDX-License-Identifier: Apache-2.0
// The training kernel of small networks over the broken sums of lost_lanes/.
#define launch_small_train launch_small_train_lost_lanes
#include "small_train.cu"
