// What is deleted is in none of the database's files.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "adapters/sqlite/sqlite_fixture_test.hpp"
#include "adapters/sqlite/tidy_disk.hpp"

namespace warren::testing {
namespace {

class DeletedText : public SqliteTest {
protected:
    /// How often `text` is in any file of the database's folder.
    std::size_t found(const std::string& text) {
        std::size_t count = 0;
        for (const auto& each : std::filesystem::directory_iterator(folder())) {
            std::ifstream in(each.path(), std::ios::binary);
            const std::string bytes(std::istreambuf_iterator<char>(in), {});
            for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1))
                ++count;
        }
        return count;
    }
    Task<Result<void>> blanking(const EntryPtr& entry) {
        Entry left = *entry;
        left.body = blanked(entry->body);
        std::vector<EntryPtr> blanks{std::make_shared<const Entry>(std::move(left))};
        return store().blank(std::move(blanks), soon());
    }
    Result<void> blank(const EntryPtr& entry) { return run_task(blanking(entry)); }
    /// Pages of the file that hold anything where no row is.
    std::size_t untidy_pages() {
        std::ifstream in(file(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(in), {});
        constexpr std::size_t kPage = 4'096;
        std::size_t count = 0;
        for (std::size_t at = 0; at + kPage <= bytes.size(); at += kPage) {
            std::vector<unsigned char> page(kPage);
            std::copy_n(bytes.data() + at, kPage, page.begin());
            const auto before = page;
            adapters::sqlite::tidy_page(page.data(), kPage, static_cast<long long>(at));
            count += page != before;
        }
        return count;
    }
    void put(EntryPtr entry) { ASSERT_TRUE(run_task(inserting(std::move(entry), soon()))); }
    /// A connection of another program.
    std::unique_ptr<adapters::sqlite::Connection> other_program() {
        return adapters::sqlite::Connection::open(file(), SQLITE_OPEN_READONLY, "").value();
    }
};

TEST_F(DeletedText, IsGoneFromFileAndLogOnceBlanked) {
    open(options_for(folder()));
    const auto channel = fresh<ChannelId>();
    for (const std::size_t size : {20UL, 1'000UL, 10'000UL, 100'000UL}) {
        const Seq seq = size;
        const auto secret = message(channel, seq, "SECRET" + std::string(size, 'x') + "END-OF-IT");
        put(secret);
        EXPECT_GT(found("SECRET"), 0U);
        ASSERT_TRUE(blank(secret));
        EXPECT_EQ(found("SECRET"), 0U) << size;
        EXPECT_EQ(found("END-OF-IT"), 0U) << size;
        EXPECT_EQ(found("xxxxxxxx"), 0U) << size;
    }
}

TEST_F(DeletedText, IsGoneFromTheWordsOfItsMessageAndItsBucket) {
    open(options_for(folder()));
    const auto channel = delayed(0);
    // Many different words, so that the vocabulary takes several pages.
    const auto words = [](Seq seq) {
        std::string out;
        for (Seq n = 0; n < 40; ++n)
            out += "Word" + std::to_string(seq * 40 + n) + ' ';
        return out;
    };
    const auto edit = [&](Seq seq, Seq target, std::string text) {
        auto entry = std::make_shared<Entry>(*message(channel, seq));
        entry->body = EditBody{target, std::move(text), false};
        return entry;
    };
    std::vector<EntryPtr> log;
    for (Seq seq = 1; seq <= 128; ++seq)
        log.push_back(message(channel, seq, words(seq)));
    log[49] = message(channel, 50, words(50) + "Quixotically");
    log[59] = edit(60, 50, words(60) + "Zymurgically");
    log.push_back(edit(129, 50, words(129) + "Xylophonic"));
    for (const auto& entry : log)
        put(entry);
    const std::vector<std::string> secrets{"quixotically", "zymurgically", "xylophonic"};
    for (const auto& secret : secrets)
        EXPECT_GE(found(secret), 2U) << "the entry's and the bucket's";
    for (const Seq seq : {50U, 60U, 129U})
        ASSERT_TRUE(blank(log[seq - 1]));
    for (const auto& secret : secrets)
        EXPECT_EQ(found(secret), 0U) << secret;
    EXPECT_EQ(found("word2035"), 0U) << "of message 50";
    EXPECT_GT(found("word2045"), 1U) << "of message 51";
    EXPECT_EQ(untidy_pages(), 0U);
    database_.reset();
    for (const auto& secret : secrets)
        EXPECT_EQ(found(secret), 0U) << secret;
}

TEST_F(DeletedText, LeavesNoCopyWhereRowsWereMovedBetweenPages) {
    // Rows come in between others all the time, so pages are split and joined, and the unused part of a page
    // keeps what was in it: without the tidy disk a thousand secrets leave a handful of copies, or none by
    // chance, so the pages themselves are looked at too.
    open(options_for(folder()));
    std::mt19937 random(7);
    std::vector<ChannelId> channels;
    for (int i = 0; i < 20; ++i)
        channels.push_back(fresh<ChannelId>());
    std::map<ChannelId, Seq> heads;
    std::vector<EntryPtr> secrets;
    std::vector<EntryPtr> waiting;
    std::vector<Task<Result<void>>> writes;
    const auto write = [&] {
        for (const auto& done : run_tasks(std::exchange(writes, {})))
            ASSERT_TRUE(done);
    };
    for (int i = 0; i < 5'000; ++i) {
        const auto channel = channels[random() % channels.size()];
        const bool is_secret = random() % 10 == 0;
        const std::size_t size = std::array<std::size_t, 4>{5, 100, 900, 5'000}[random() % 4];
        auto text = is_secret ? "SECRET" + std::string(size, 's') : std::string(size % 700, 'm');
        for (int word = 0; word < 20; ++word)
            text += ' ' + std::string(is_secret ? "SECRET" : "other") + std::to_string(random());
        auto entry = message(channel, ++heads[channel], std::move(text));
        if (is_secret) secrets.push_back(entry);
        writes.push_back(inserting(std::move(entry), soon()));
        // Some are deleted soon, others later.
        if (waiting.size() > 100) {
            std::swap(waiting.back(), waiting[random() % waiting.size()]);
            writes.push_back(blanking(waiting.back()));
            waiting.pop_back();
        }
        if (writes.size() < 60) continue;
        write();
        waiting.insert(waiting.end(), secrets.begin(), secrets.end());
        secrets.clear();
    }
    write();
    waiting.insert(waiting.end(), secrets.begin(), secrets.end());
    for (const auto& secret : waiting)
        writes.push_back(blanking(secret));
    write();
    EXPECT_EQ(found("SECRET"), 0U);
    EXPECT_EQ(found("secret"), 0U);
    EXPECT_GT(found("other"), 1'000U);
    EXPECT_EQ(untidy_pages(), 0U);
    EXPECT_EQ(other_program()->ask("PRAGMA integrity_check").value(), "ok");
    database_.reset();
    EXPECT_EQ(found("SECRET") + found("secret"), 0U);
}

TEST_F(DeletedText, LeavesTheLogOnceAnotherProgramLetsGo) {
    auto options = options_for(folder());
    options.retry_every = std::chrono::milliseconds(20);
    open(options);
    const auto channel = fresh<ChannelId>();
    const auto secret = message(channel, 1, "SECRET");
    put(secret);
    {
        const auto other = other_program();
        ASSERT_TRUE(other->run_script("BEGIN; SELECT * FROM entries"));
        ASSERT_TRUE(blank(secret)) << "nobody waits for a backup that is being made";
        put(message(channel, 2));
        EXPECT_GT(found("SECRET"), 0U) << "the other program still sees it";
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (found("SECRET") > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(found("SECRET"), 0U);
}

TEST(TidyPage, ZeroesWhatHoldsNoRowAndNothingElse) {
    std::vector<unsigned char> page(4'096, 0xaa);
    const auto begin = [&](unsigned char kind, unsigned char cells, unsigned content) {
        std::fill(page.begin(), page.end(), static_cast<unsigned char>(0xaa));
        page[0] = kind;
        page[3] = 0;
        page[4] = cells;
        page[5] = static_cast<unsigned char>(content >> 8);
        page[6] = static_cast<unsigned char>(content);
        adapters::sqlite::tidy_page(page.data(), 4'096, 4'096);
        return static_cast<std::size_t>(std::count(page.begin(), page.end(), 0xaa));
    };
    EXPECT_EQ(begin(10, 3, 4'000), 3U + 6 + 96);
    EXPECT_EQ(begin(2, 3, 4'000), 3U + 4 + 6 + 96);
    EXPECT_EQ(page[4'000], 0xaa);
    EXPECT_EQ(page[3'999], 0);
    // An overflow page, and headers that contradict themselves.
    EXPECT_GT(begin(0, 3, 4'000), 4'080U);
    EXPECT_GT(begin(10, 3, 4'097), 4'080U);
    EXPECT_GT(begin(10, 255, 100), 4'080U);
}

}  // namespace
}  // namespace warren::testing
