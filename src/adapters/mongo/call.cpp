#include "adapters/mongo/call.hpp"

#include <algorithm>

namespace warren::adapters::mongo {
namespace {

// libmongoc writes a reply whether or not the call succeeds; it must be destroyed either way.
struct Reply {
    bson_t bson;
    ~Reply() { bson_destroy(&bson); }
};

std::vector<const bson_t*> pointers_to(const std::vector<Document>& documents) {
    std::vector<const bson_t*> out;
    out.reserve(documents.size());
    for (const auto& document : documents)
        out.push_back(document.get());
    return out;
}

// The write errors of a reply as (index, code).
std::vector<std::pair<std::size_t, std::uint64_t>> write_errors_of(const bson_t& reply) {
    std::vector<std::pair<std::size_t, std::uint64_t>> out;
    const auto errors = Fields(reply).document("writeErrors");
    bson_iter_t at;
    if (!bson_iter_init(&at, errors.get())) return out;
    while (bson_iter_next(&at)) {
        std::uint32_t size = 0;
        const std::uint8_t* data = nullptr;
        bson_t error;
        if (!BSON_ITER_HOLDS_DOCUMENT(&at)) continue;
        bson_iter_document(&at, &size, &data);
        if (!bson_init_static(&error, data, size)) continue;
        Fields fields(error);
        out.emplace_back(fields.number("index"), fields.number("code"));
    }
    return out;
}

// `writeErrors` do not fail a command sent as such, so they are looked for; `writeConcernError` does.
std::optional<bson_error_t> first_write_error_of(const bson_t& reply) {
    const auto errors = write_errors_of(reply);
    if (errors.empty()) return std::nullopt;
    bson_error_t failure;
    bson_set_error(&failure, MONGOC_ERROR_SERVER, static_cast<std::uint32_t>(errors.front().second),
                   "a write in a batch was refused");
    return failure;
}

bool is_duplicate(std::uint64_t code) {
    return code == MONGOC_ERROR_DUPLICATE_KEY || code == 11001 || code == 12582;
}

bool has_write_concern_error(const bson_t& reply) {
    return Fields(reply).has("writeConcernError") ||
           !bson_empty(Fields(reply).document("writeConcernErrors").get());
}

}  // namespace

void OperationTime::advance(mongoc_client_session_t& session) const {
    const std::lock_guard lock(mutex_);
    if (timestamp_ != 0) mongoc_client_session_advance_operation_time(&session, timestamp_, increment_);
}

void OperationTime::note(const mongoc_client_session_t& session) {
    std::uint32_t timestamp = 0;
    std::uint32_t increment = 0;
    mongoc_client_session_get_operation_time(&session, &timestamp, &increment);
    const std::lock_guard lock(mutex_);
    if (std::pair(timestamp, increment) <= std::pair(timestamp_, increment_)) return;
    timestamp_ = timestamp;
    increment_ = increment;
}

Call::Call(Driver& driver, Deadline deadline)
    : driver_(driver), deadline_(deadline), client_(mongoc_client_pool_pop(driver.pool.get())) {}

Call::~Call() {
    if (session_) driver_.time.note(*session_);
    if (asked_ && !failed_) driver_.pulse.note_success();
    session_.reset();
    mongoc_client_pool_push(driver_.pool.get(), client_);
}

Error Call::fail(const bson_error_t& failure) {
    const auto meaning = errc_of(failure);
    if (meaning != Errc::taken) driver_.failures.note(failure, meaning);
    if (meaning != Errc::taken && meaning != Errc::invalid) {
        failed_ = true;
        driver_.pulse.note_failure(text_of(failure));
    }
    if (meaning == Errc::invalid) return {meaning, "The store cannot hold that text."};
    return meaning;
}

Result<void> Call::begin() {
    if (deadline_.passed(std::chrono::steady_clock::now())) return Error(Errc::timed_out);
    auto* wanted = mongoc_session_opts_new();
    mongoc_session_opts_set_causal_consistency(wanted, true);
    bson_error_t failure;
    session_.reset(mongoc_client_start_session(client_, wanted, &failure));
    mongoc_session_opts_destroy(wanted);
    if (!session_) {
        // A server without sessions is a single one: its reads see its writes.
        if (failure.code == MONGOC_ERROR_CLIENT_SESSION_FAILURE) return {};
        return fail(failure);
    }
    driver_.time.advance(*session_);
    return {};
}

Call::CollectionPtr Call::collection(const char* name) {
    return CollectionPtr(mongoc_client_get_collection(client_, driver_.database.c_str(), name));
}

Result<Document> Call::options() {
    const auto left = deadline_.left(std::chrono::steady_clock::now());
    if (left.count() == 0) return Error(Errc::timed_out);
    asked_ = true;
    Document out;
    out.add("maxTimeMS", std::int64_t{left.count()});
    bson_error_t failure;
    if (session_ && !mongoc_client_session_append(session_.get(), out.get(), &failure)) return fail(failure);
    return out;
}

Result<Document> Call::write_options() {
    WARREN_TRY(out, options());
    const auto left = deadline_.left(std::chrono::steady_clock::now());
    auto* concern = mongoc_write_concern_new();
    // A lost majority would be waited for without end otherwise: maxTimeMS does not bound it on every server.
    mongoc_write_concern_set_wmajority(concern,
                                       static_cast<std::int32_t>(std::max<std::int64_t>(left.count(), 1)));
    mongoc_write_concern_set_journal(concern, true);
    mongoc_write_concern_append(concern, out.get());
    mongoc_write_concern_destroy(concern);
    return out;
}

Result<void> Call::find(const char* name, const Document& filter, const FindOptions& wanted,
                        const Each& each) {
    WARREN_TRY(opts, options());
    if (!wanted.sort.empty()) opts.add("sort", wanted.sort);
    if (!wanted.projection.empty()) opts.add("projection", wanted.projection);
    if (wanted.skip != 0) opts.add("skip", wanted.skip);
    if (wanted.limit != 0) opts.add("limit", wanted.limit);
    // One round trip where the answer fits into one reply; the servers' first batch is 101 documents.
    opts.add("batchSize", std::int32_t{2000});
    const auto from = collection(name);
    auto* cursor = mongoc_collection_find_with_opts(from.get(), filter.get(), opts.get(), nullptr);
    Result<void> result;
    const bson_t* document = nullptr;
    while (result && mongoc_cursor_next(cursor, &document))
        result = each(*document);
    bson_error_t failure;
    if (result && mongoc_cursor_error(cursor, &failure)) result = fail(failure);
    mongoc_cursor_destroy(cursor);
    return result;
}

Result<void> Call::insert(const char* name, const std::vector<Document>& documents) {
    WARREN_TRY(opts, write_options());
    opts.add("ordered", true);
    const auto pointers = pointers_to(documents);
    const auto into = collection(name);
    bson_error_t failure;
    if (mongoc_collection_insert_many(into.get(), const_cast<const bson_t**>(pointers.data()),
                                      pointers.size(), opts.get(), nullptr, &failure)) {
        return {};
    }
    return fail(failure);
}

Result<std::vector<std::size_t>> Call::insert_missing(const char* name,
                                                      const std::vector<Document>& documents) {
    if (documents.empty()) return std::vector<std::size_t>{};
    WARREN_TRY(opts, write_options());
    opts.add("ordered", false);
    const auto pointers = pointers_to(documents);
    const auto into = collection(name);
    Reply reply;
    bson_error_t failure;
    std::vector<std::size_t> existing;
    if (mongoc_collection_insert_many(into.get(), const_cast<const bson_t**>(pointers.data()),
                                      pointers.size(), opts.get(), &reply.bson, &failure)) {
        return existing;
    }
    const auto errors = write_errors_of(reply.bson);
    for (const auto& [index, code] : errors) {
        if (is_duplicate(code)) existing.push_back(index);
    }
    // Whatever is not a duplicate (or that the majority did not answer) is a failure of the whole.
    if (errors.empty() || existing.size() != errors.size() || has_write_concern_error(reply.bson)) {
        const auto error = fail(failure);
        return error == Errc::taken ? Error(Errc::unavailable) : error;
    }
    return existing;
}

Result<Document> Call::run_write(const Document& command) {
    WARREN_TRY(opts, write_options());
    Reply reply;
    bson_error_t failure;
    const bool done = mongoc_client_write_command_with_opts(client_, driver_.database.c_str(), command.get(),
                                                            opts.get(), &reply.bson, &failure);
    if (!done) return fail(failure);
    if (const auto refused = first_write_error_of(reply.bson)) return fail(*refused);
    return Document(reply.bson);
}

Result<std::size_t> Call::update(const char* name, const std::vector<Update>& updates) {
    if (updates.empty()) return std::size_t{0};
    List list;
    for (const auto& update : updates) {
        Document element;
        element.add("q", update.filter).add("u", update.change);
        list.add(element);
    }
    Document command;
    command.add("update", name).add("updates", list).add("ordered", false);
    WARREN_TRY(reply, run_write(command));
    return static_cast<std::size_t>(Fields(*reply.get()).number("n"));
}

Result<void> Call::remove(const char* name, const Document& filter) {
    std::vector<Document> only;
    only.emplace_back(*filter.get());
    return remove_in_order(name, only);
}

Result<void> Call::remove_in_order(const char* name, const std::vector<Document>& filters) {
    List list;
    for (const auto& filter : filters) {
        Document element;
        element.add("q", filter).add("limit", std::int32_t{0});
        list.add(element);
    }
    Document command;
    command.add("delete", name).add("deletes", list).add("ordered", true);
    WARREN_TRY_VOID(run_write(command));
    return {};
}

Result<void> Call::write(const Document& command) {
    WARREN_TRY_VOID(run_write(command));
    return {};
}

Result<Document> Call::ask(const Document& command) {
    asked_ = true;
    Reply reply;
    bson_error_t failure;
    const bool done = mongoc_client_command_simple(client_, driver_.database.c_str(), command.get(), nullptr,
                                                   &reply.bson, &failure);
    if (!done) return fail(failure);
    return Document(reply.bson);
}

}  // namespace warren::adapters::mongo
