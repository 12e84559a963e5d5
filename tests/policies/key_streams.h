// Sequences of requests with the habits that tell eviction policies apart. The same size and seed
// give the same sequence on every machine.
//
// Threads: none. Pure functions; a stream is data.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rat_memcache::policies {

struct Request {
  uint32_t key = 0;
  uint32_t second = 0;  // when it is made; never falls
  uint32_t ttl = 0;     // that the item gets if it is stored, in seconds; 0: it never expires
};

struct KeyStream {
  std::string name;
  std::vector<Request> requests;
};

struct StreamSize {
  size_t requests = 0;
  // What the cache under test holds, more or less; working sets are chosen in relation to it.
  size_t cache_items = 0;
  uint64_t seed = 1;
};

// Ten times as many keys as fit, the n-th with a probability in proportion to n^-alpha. If alpha is
// above 1: 2^31 keys, and twice the requests, since most of them are hits.
KeyStream Zipf(const StreamSize& size, double alpha);
// Alpha 1, and several times from one moment to the next other keys are the popular ones.
KeyStream ShiftingZipf(const StreamSize& size);
// Alpha 1, and every now and then somebody reads half a cache of keys that nobody asks for again.
KeyStream ScannedZipf(const StreamSize& size);
// The same keys in the same order again and again, a tenth more than fit.
KeyStream Loop(const StreamSize& size);
// The same, but one request in twenty asks for any of the keys. Without that a policy's own period
// may fall in step with the loop's, and a few items more or less then make all the difference.
KeyStream StrayingLoop(const StreamSize& size);
// Every other request repeats a recent one, the nearer the likelier; the rest has no preference.
KeyStream Recency(const StreamSize& size);
// Alpha 1, and each key has a time to live of its own, 10 to 600 seconds.
KeyStream ExpiringZipf(const StreamSize& size);

// One of each, and Zipf with three exponents.
std::vector<KeyStream> AllStreams(const StreamSize& size);

}  // namespace rat_memcache::policies
