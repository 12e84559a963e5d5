// Sequences short enough to be followed with a pencil. In the comments a queue is written from its
// old end to its young end, with counters behind the letters.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "policies/reference_policy.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace rat_memcache::policies {
namespace {

// Asks for one key per letter; 'h' for each hit and '.' for each miss.
std::string Ask(ReferencePolicy* policy, std::string_view keys) {
  std::string answers;
  for (const char key : keys) {
    answers += policy->Access(static_cast<uint64_t>(key), 1, 0) ? 'h' : '.';
  }
  return answers;
}

// The letters that are in the cache.
std::string Held(const ReferencePolicy& policy) {
  std::string held;
  for (char key = 'A'; key <= 'z'; ++key) {
    if (policy.Holds(static_cast<uint64_t>(key))) held += key;
  }
  EXPECT_EQ(held.size(), policy.size());
  EXPECT_LE(policy.size(), policy.capacity());
  return held;
}

TEST(FifoReference, HitsChangeNothing) {
  FifoReference fifo(3);
  EXPECT_EQ(Ask(&fifo, "abca"), "...h");
  EXPECT_EQ(Ask(&fifo, "d"), ".");
  EXPECT_EQ(Held(fifo), "bcd");
  EXPECT_EQ(Ask(&fifo, "ba"), "h.");
  EXPECT_EQ(Held(fifo), "acd");
}

TEST(ClockReference, AHitIsAnotherRound) {
  ClockReference clock(3);
  Ask(&clock, "abca");
  Ask(&clock, "d");  // a1 b0 c0 -> b0 c0 a0, b goes
  EXPECT_EQ(Held(clock), "acd");
  Ask(&clock, "e");
  EXPECT_EQ(Held(clock), "ade");
  Ask(&clock, "f");  // a0 d0 e0
  EXPECT_EQ(Held(clock), "def");
}

TEST(ClockReference, CountsToThree) {
  ClockReference clock(2);
  EXPECT_EQ(Ask(&clock, "abaaaaa"), "..hhhhh");
  Ask(&clock, "cde");  // each takes one of a's three
  EXPECT_EQ(Held(clock), "ae");
  Ask(&clock, "f");  // a0 e0
  EXPECT_EQ(Held(clock), "ef");
}

TEST(ClockReference, WhenAllWereHitTheOldestGoesAfterARound) {
  ClockReference clock(3);
  Ask(&clock, "abcabc");
  Ask(&clock, "d");
  EXPECT_EQ(Held(clock), "bcd");
}

TEST(LruReference, AHitMakesYoung) {
  LruReference lru(3);
  EXPECT_EQ(Ask(&lru, "abcad"), "...h.");
  EXPECT_EQ(Held(lru), "acd");
  EXPECT_EQ(Ask(&lru, "cefb"), "h...");
  EXPECT_EQ(Held(lru), "bef");
}

TEST(LfuReference, TheLeastHitGoesAndAmongEqualsTheLeastRecentlyUsed) {
  LfuReference lfu(4);
  Ask(&lfu, "abcdaab");  // c0 d0 b1 a2
  Ask(&lfu, "e");
  EXPECT_EQ(Held(lfu), "abde");
  Ask(&lfu, "f");
  EXPECT_EQ(Held(lfu), "abef");
  Ask(&lfu, "g");
  EXPECT_EQ(Held(lfu), "abfg");
}

TEST(LfuReference, CountersAgeOncePerTurnover) {
  LfuReference lfu(4);
  Ask(&lfu, "abcdaab");
  Ask(&lfu, "efgh");  // after the eighth insertion: b0 g0 h0 a1
  EXPECT_EQ(Held(lfu), "abgh");
  Ask(&lfu, "i");
  EXPECT_EQ(Held(lfu), "aghi");
  Ask(&lfu, "jkl");  // after the twelfth: a0 k0 l0, and j0
  EXPECT_EQ(Held(lfu), "ajkl");
  Ask(&lfu, "m");
  EXPECT_EQ(Held(lfu), "jklm");
}

TEST(LfuReference, CountersEndAtFifteen) {
  LfuReference lfu(2);
  lfu.Access(1, 1, 0);
  lfu.Access(2, 1, 0);
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(lfu.Access(1, 1, 0));
  }
  // Two insertions are a turnover: 15 11 8 6 4 3 2 1 0.
  for (uint64_t key = 3; key < 3 + 16; ++key) {
    EXPECT_FALSE(lfu.Access(key, 1, 0));
    EXPECT_TRUE(lfu.Holds(1)) << key;
  }
  lfu.Access(100, 1, 0);
  EXPECT_FALSE(lfu.Holds(1));
}

TEST(LfuReference, AgingKeepsTheOrderOfUse) {
  LfuReference lfu(4);
  // d's counter is higher than c's and a's, but they were used after it.
  Ask(&lfu, "abcdddca");  // b0 c1 a1 d2
  Ask(&lfu, "e");         // b goes; e0 c1 a1 d2
  Ask(&lfu, "e");         // c1 a1 e1 d2
  EXPECT_EQ(Held(lfu), "acde");
  Ask(&lfu, "fgh");  // c, f and g go; after the eighth insertion: a0 e0 h0 d1
  EXPECT_EQ(Held(lfu), "adeh");
  Ask(&lfu, "ijkl");  // a, e, h and i go; after the twelfth: d0 j0 k0 l0
  EXPECT_EQ(Held(lfu), "djkl");
  Ask(&lfu, "m");  // d was used before all others
  EXPECT_EQ(Held(lfu), "jklm");
}

TEST(LruLfuReference, HitsBuyTime) {
  // A turnover is eight insertions, so a quarter of one is two.
  LruLfuReference policy(8, 0.25);
  Ask(&policy, "abcdefgh");
  Ask(&policy, "aaa");      // a: 8 + 2 * log2(4) = 12; h: 8
  Ask(&policy, "ijklmno");  // b to h go
  EXPECT_EQ(Held(policy), "aijklmno");
  Ask(&policy, "p");  // i (9) goes; the sixteenth insertion makes a 8 + 2 * log2(3) = 11.17
  EXPECT_EQ(Held(policy), "ajklmnop");
  Ask(&policy, "qr");  // j (10) and k (11)
  EXPECT_EQ(Held(policy), "almnopqr");
  Ask(&policy, "s");  // a, before l (12)
  EXPECT_EQ(Held(policy), "lmnopqrs");
}

TEST(LruLfuReference, WithoutABonusItIsLru) {
  LruLfuReference policy(3, 0);
  Ask(&policy, "abcaad");
  EXPECT_EQ(Held(policy), "acd");
  Ask(&policy, "ef");
  EXPECT_EQ(Held(policy), "def");
}

TEST(TtlBasedReference, TheNextToExpireGoes) {
  TtlBasedReference policy(3);
  policy.Access('a', 1, 100);
  policy.Access('b', 1, 50);
  policy.Access('c', 1, 0);
  policy.Access('d', 1, 70);
  EXPECT_EQ(Held(policy), "acd");
  policy.Access('e', 1, 0);
  EXPECT_EQ(Held(policy), "ace");
  policy.Access('f', 1, 0);
  EXPECT_EQ(Held(policy), "cef");
  EXPECT_EQ(Ask(&policy, "c"), "h");
  policy.Access('g', 1, 60);
  EXPECT_EQ(Held(policy), "cfg");
  policy.Access('h', 1, 60);
  EXPECT_EQ(Held(policy), "cfh");
}

TEST(TtlBasedReference, AmongEqualsTheLeastRecentlyUsedGoes) {
  TtlBasedReference policy(3);
  policy.Access('a', 1, 50);
  policy.Access('b', 1, 50);
  policy.Access('c', 1, 50);
  policy.Access('a', 1, 50);
  policy.Access('d', 1, 90);
  EXPECT_EQ(Held(policy), "acd");
}

TEST(S3FifoReference, SmallFiltersAndTheGhostRemembers) {
  S3FifoReference policy(10);  // of them 1 in small; 3 ghosts
  Ask(&policy, "abcdefghij");
  Ask(&policy, "kl");  // small c..l; ghost a b
  EXPECT_EQ(Held(policy), "cdefghijkl");
  EXPECT_EQ(Ask(&policy, "c"), "h");
  Ask(&policy, "m");  // c moves to main, d goes; ghost a b d
  EXPECT_EQ(Held(policy), "cefghijklm");
  Ask(&policy, "n");  // ghost b d e
  // Ghosts are asked before room is made: b moves to main although f then takes its place.
  EXPECT_EQ(Ask(&policy, "b"), ".");  // ghost d e f; main c0 b0
  EXPECT_EQ(Ask(&policy, "a"), ".");  // no ghost any more, so into small; g goes; ghost e f g
  EXPECT_EQ(Held(policy), "abchijklmn");

  EXPECT_EQ(Ask(&policy, "hijklmna"), "hhhhhhhh");
  // h to n move to main, which leaves one in small: now the oldest of main goes, c.
  Ask(&policy, "o");  // small a1 o0; main b0 h0 .. n0
  EXPECT_EQ(Held(policy), "abhijklmno");
  Ask(&policy, "p");  // a moves, b goes; small o0 p0; main h0 .. n0 a0
  EXPECT_EQ(Held(policy), "ahijklmnop");
  Ask(&policy, "hh");
  Ask(&policy, "q");  // o goes; small p0 q0; main h2 i0 .. n0 a0
  EXPECT_EQ(Held(policy), "ahijklmnpq");
  Ask(&policy, "p");
  Ask(&policy, "r");  // p moves; h goes round; i goes
  EXPECT_EQ(Held(policy), "ahjklmnpqr");
}

TEST(S3FifoReference, MainCountsToThree) {
  S3FifoReference policy(10);
  Ask(&policy, "abcdefghija");
  Ask(&policy, "k");                  // a moves, b goes; small c0 .. k0; main a0; ghost b
  EXPECT_EQ(Ask(&policy, "b"), ".");  // c goes; main a0 b0
  EXPECT_EQ(Ask(&policy, "aaaaa"), "hhhhh");
  Ask(&policy, "defghijk");
  Ask(&policy, "l");  // d to j move; a goes round, b goes; small k1 l0; main d0 .. j0 a2
  EXPECT_EQ(Held(policy), "adefghijkl");
  // From here on every new key is hit, so that small lets it move and it is main's oldest that
  // goes: d to j, then k.
  Ask(&policy, "lmmnnooppqqrrss");  // main a2 k0 .. q0
  EXPECT_EQ(Held(policy), "aklmnopqrs");
  Ask(&policy, "tt");  // main l0 .. r0 a1
  EXPECT_EQ(Held(policy), "almnopqrst");
  Ask(&policy, "uuvvwwxxyyzzAABB");  // main t0 .. z0 a0
  EXPECT_EQ(Held(policy), "ABatuvwxyz");
  Ask(&policy, "CCDDEEFFGGHHII");  // main a0 A0 .. G0
  EXPECT_EQ(Held(policy), "ABCDEFGHIa");
  Ask(&policy, "J");
  EXPECT_EQ(Held(policy), "ABCDEFGHIJ");
}

TEST(TinyLfuReference, OnlyWhatIsAskedForMoreOftenGetsIn) {
  TinyLfuReference policy(10);  // of them 1 in the window
  Ask(&policy, "abcdefghij");   // window j; main a..i, all counted once
  EXPECT_EQ(Held(policy), "abcdefghij");
  Ask(&policy, "k");  // j is no better than a
  EXPECT_EQ(Held(policy), "abcdefghik");
  EXPECT_EQ(Ask(&policy, "k"), "h");
  Ask(&policy, "l");  // k (2) replaces a (1)
  EXPECT_EQ(Held(policy), "bcdefghikl");
  EXPECT_EQ(Ask(&policy, "b"), "h");  // main c..i k b
  Ask(&policy, "m");                  // l is no better than c
  EXPECT_EQ(Ask(&policy, "j"), ".");  // counted twice by now, though it was not there
  EXPECT_EQ(Held(policy), "bcdefghijk");
  Ask(&policy, "n");  // j (2) replaces c (1)
  EXPECT_EQ(Held(policy), "bdefghijkn");
}

TEST(TinyLfuReference, CountsEndAtFifteen) {
  TinyLfuReference policy(10);
  Ask(&policy, "abcdefghij");
  Ask(&policy, std::string(20, 'a'));
  Ask(&policy, "bcdefghi");            // main a..i again
  Ask(&policy, std::string(22, 'k'));  // window k, and more often than a but for the limit
  Ask(&policy, "l");
  EXPECT_EQ(Held(policy), "abcdefghil");
}

TEST(TinyLfuReference, CountsAreHalved) {
  TinyLfuReference policy(2);          // one in the window, one in main; halves after 20 requests
  Ask(&policy, "ab");                  // window b, main a
  Ask(&policy, std::string(10, 'a'));  // a: 11
  Ask(&policy,
      "c"
      "cccccc"
      "c");            // b goes; c: 8, and with the twentieth request a: 5, c: 4
  Ask(&policy, "cc");  // c: 6
  Ask(&policy, "d");
  EXPECT_EQ(Held(policy), "cd");
}

TEST(MemcachedModel, TwoHitsMakeActive) {
  MemcachedModel policy(10);   // of them 2 hot and 4 warm
  Ask(&policy, "abcdefghij");  // hot i j; cold a..h
  Ask(&policy, "b");           // fetched; that moves nothing
  Ask(&policy, "kl");          // a and b go; hot k l; cold c..j
  EXPECT_EQ(Held(policy), "cdefghijkl");
  Ask(&policy, "cc");  // warm c
  Ask(&policy, "m");   // d goes; hot l m; cold e..k
  EXPECT_EQ(Held(policy), "cefghijklm");
  Ask(&policy, "mm");
  Ask(&policy, "no");  // e and f go; hot n o; warm c m; cold g..l
  EXPECT_EQ(Held(policy), "cghijklmno");
  // The next hit of c counts at once, since it was fetched before.
  Ask(&policy, "c");
  Ask(&policy, "gghhii");  // five in warm: c is active and goes round, m does not; cold j k l m
  Ask(&policy, "pqr");     // j, k and l go; hot q r; warm g h i c; cold m n o p
  EXPECT_EQ(Held(policy), "cghimnopqr");
  Ask(&policy, "s");
  EXPECT_EQ(Held(policy), "cghinopqrs");
}

template <class Policy>
class AnyReference : public ::testing::Test {};
using AllReferences =
    ::testing::Types<FifoReference, ClockReference, LruReference, LfuReference, LruLfuReference,
                     TtlBasedReference, S3FifoReference, TinyLfuReference, MemcachedModel>;
TYPED_TEST_SUITE(AnyReference, AllReferences);

TYPED_TEST(AnyReference, ExpiredItemsAreMissesAndMakeRoom) {
  TypeParam policy(10);
  for (uint64_t key = 0; key < 10; ++key) {
    EXPECT_FALSE(policy.Access(key, 5, key < 3 ? 20 : 0));
  }
  EXPECT_TRUE(policy.Access(0, 19, 30));
  EXPECT_FALSE(policy.Access(0, 20, 30));  // a hit has not changed its exptime
  EXPECT_FALSE(policy.Holds(1));
  EXPECT_FALSE(policy.Holds(2));
  EXPECT_EQ(policy.size(), 8u);
  EXPECT_FALSE(policy.Access(100, 20, 0));
  EXPECT_FALSE(policy.Access(101, 20, 0));
  EXPECT_TRUE(policy.Holds(0));
  EXPECT_EQ(policy.size(), 10u);  // nobody had to go
}

TYPED_TEST(AnyReference, KeepsToItsCapacity) {
  for (const size_t capacity : {1, 2, 3, 7, 100}) {
    TypeParam policy(capacity);
    uint64_t random = 1;
    for (uint32_t i = 0; i < 20'000; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const uint64_t key = (random >> 40) % (1 + (random >> 33) % (capacity * 4));
      const bool held = policy.Holds(key);
      // Nobody's time is over: exptimes lie in the future.
      EXPECT_EQ(policy.Access(key, 1, (key % 3) * 1000), held);
      EXPECT_TRUE(policy.Holds(key) || capacity == 1) << capacity;
      ASSERT_LE(policy.size(), capacity);
    }
    EXPECT_EQ(policy.size(), capacity);
  }
}

}  // namespace
}  // namespace rat_memcache::policies
