#include "near.h"
#include "keyed.h"

#include <stdlib.h>
#include <string.h>

#define SKETCH_BYTES 128
#define STAYS 2

int64_t group_keys(const uint32_t *keys, int64_t stride, int64_t n, int32_t *out, int64_t first) {
    keyed_t *a = malloc(((size_t)n + 1) * sizeof *a), *b = malloc(((size_t)n + 1) * sizeof *b);
    if (!a || !b) {
        free(a);
        free(b);
        return -1;
    }
    for (int64_t k = 0; k < n; k++) {
        a[k].key = keys[k * stride];
        a[k].row = (int32_t)k;
    }
    keyed_t *sorted = radix_sort(a, b, n);
    for (int64_t start = 0; start < n;) {
        int64_t end = start + 1;
        while (end < n && sorted[end].key == sorted[start].key) end++;
        if (end - start == 1) {
            out[sorted[start].row] = -1;
        } else {
            for (int64_t k = start; k < end; k++) out[sorted[k].row] = (int32_t)first;
            first++;
        }
        start = end;
    }
    free(a);
    free(b);
    return first;
}

/* A set of shingles: open addressing, told apart by hash and then by the characters themselves. */
typedef struct {
    uint64_t *hash;
    uint32_t *place; /* 1 + where the shingle starts in the text, 0 for a free slot */
    uint32_t *mark;  /* the last comparison that met it */
    uint64_t mask;
    uint32_t turn;
    int64_t distinct;
} set_t;

typedef struct {
    uint32_t *points;
    uint64_t *hashes;
    int64_t length;
    int64_t count;
} shingled_t;

typedef struct {
    int32_t *rows;
    int64_t count, room;
} list_t;

struct workspace {
    shingled_t left, right;
    set_t set;
    int n;
    int32_t *met; /* the last row that looked at this one */
    list_t found;
};

static int open_set(set_t *set, int64_t most) {
    uint64_t size = 64;
    while (size < 2 * (uint64_t)(most + 16)) size *= 2;
    set->hash = malloc((size_t)size * sizeof(uint64_t));
    set->place = calloc((size_t)size, sizeof(uint32_t));
    set->mark = calloc((size_t)size, sizeof(uint32_t));
    return set->hash && set->place && set->mark ? 0 : -1;
}

static void close_set(set_t *set) {
    free(set->hash);
    free(set->place);
    free(set->mark);
}

static int open_workspace(workspace_t *w, int64_t most, int n) {
    memset(w, 0, sizeof *w);
    w->n = n;
    w->left.points = malloc((size_t)(most + 16) * sizeof(uint32_t));
    w->right.points = malloc((size_t)(most + 16) * sizeof(uint32_t));
    w->left.hashes = malloc((size_t)(most + 16) * sizeof(uint64_t));
    w->right.hashes = malloc((size_t)(most + 16) * sizeof(uint64_t));
    int failed = open_set(&w->set, most);
    return w->left.points && w->right.points && w->left.hashes && w->right.hashes ? failed : -1;
}

static void close_workspace(workspace_t *w) {
    free(w->left.points);
    free(w->right.points);
    free(w->left.hashes);
    free(w->right.hashes);
    close_set(&w->set);
    free(w->met);
    free(w->found.rows);
}

static void shingle(const texts_t *texts, const uint32_t *table, int64_t row, int n, shingled_t *out) {
    out->length = fold_points(texts->data + texts->start[row], texts->data + texts->end[row], table, out->points);
    out->count = shingle_hashes(out->points, out->length, n, out->hashes);
}

static int same_shingle(const shingled_t *a, int64_t i, const shingled_t *b, int64_t j, int n) {
    if (a->length < n || b->length < n)
        return a->length == b->length && memcmp(a->points, b->points, (size_t)a->length * 4) == 0;
    return memcmp(a->points + i, b->points + j, (size_t)n * 4) == 0;
}

/* The set of a text's shingles, of n characters each; to `at`, if there is one, where each stands first. */
static void fill(set_t *set, const shingled_t *text, int n, uint32_t *at) {
    uint64_t size = 64;
    while (size < 2 * (uint64_t)text->count) size *= 2;
    set->mask = size - 1;
    memset(set->place, 0, (size_t)size * sizeof *set->place);
    memset(set->mark, 0, (size_t)size * sizeof *set->mark);
    set->turn = 0;
    set->distinct = 0;
    for (int64_t i = 0; i < text->count; i++) {
        uint64_t h = text->hashes[i], slot = h >> 20 & set->mask;
        while (set->place[slot]) {
            if (set->hash[slot] == h && same_shingle(text, set->place[slot] - 1, text, i, n)) break;
            slot = (slot + 1) & set->mask;
        }
        if (!set->place[slot]) {
            set->place[slot] = (uint32_t)i + 1;
            set->hash[slot] = h;
            if (at) at[set->distinct] = (uint32_t)i;
            set->distinct++;
        }
    }
}

static void fill_set(workspace_t *w) { fill(&w->set, &w->left, w->n, NULL); }

/* How many distinct shingles of the right text are in the set; -1 as soon as it is clear that they are fewer than
 * `least`. */
static int64_t common_shingles(workspace_t *w, int64_t least) {
    set_t *set = &w->set;
    const shingled_t *text = &w->right;
    uint32_t turn = ++set->turn;
    int64_t common = 0;
    for (int64_t i = 0; i < text->count; i++) {
        if (common + text->count - i < least) return -1;
        uint64_t h = text->hashes[i], slot = h >> 20 & set->mask;
        while (set->place[slot]) {
            if (set->hash[slot] == h && same_shingle(&w->left, set->place[slot] - 1, text, i, w->n)) {
                common += set->mark[slot] != turn;
                set->mark[slot] = turn;
                break;
            }
            slot = (slot + 1) & set->mask;
        }
    }
    return common;
}

static int agreeing(const uint8_t *a, const uint8_t *b) {
    int same = 0;
    for (int k = 0; k < SKETCH_BYTES; k++) same += a[k] == b[k];
    return same;
}

static int push(list_t *list, int32_t row) {
    if (list->count == list->room) {
        int64_t room = list->room ? 2 * list->room : 64;
        int32_t *rows = realloc(list->rows, (size_t)room * sizeof *rows);
        if (!rows) return -1;
        list->rows = rows;
        list->room = room;
    }
    list->rows[list->count++] = row;
    return 0;
}

/* Rows kept from position `since` on that share a band with `row` and whose sketches agree well enough. Lists run
 * from the row that was kept last to the first. Returns whether the row has any group, -1 when memory ran out. */
static int candidates(const greedy_t *job, workspace_t *w, int64_t row, int64_t since) {
    const int64_t rows = job->texts.n;
    const uint8_t *mine = job->sketch + row * SKETCH_BYTES;
    int grouped = 0;
    w->found.count = 0;
    for (int64_t band = 0; band < job->bands; band++) {
        int32_t group = job->groups[band * rows + row];
        if (group < 0) continue;
        grouped = 1;
        for (int32_t other = job->head[group]; other >= 0; other = job->groups[band * rows + other]) {
            if (job->place[other] < since) break;
            if (w->met[other] == (int32_t)row) continue;
            w->met[other] = (int32_t)row;
            if (agreeing(mine, job->sketch + (int64_t)other * SKETCH_BYTES) >= job->least_agreeing &&
                push(&w->found, other) < 0)
                return -1;
        }
    }
    return grouped;
}

static int in_a_group(const greedy_t *job, int64_t row) {
    for (int64_t band = 0; band < job->bands; band++)
        if (job->groups[band * job->texts.n + row] >= 0) return 1;
    return 0;
}

/* The set of a row's shingles, counted. */
static void take_up(greedy_t *job, workspace_t *w, int64_t row) {
    shingle(&job->texts, job->table, row, job->n, &w->left);
    fill_set(w);
    job->distinct[row] = (int32_t)w->set.distinct;
}

/* Hold a row, which was taken up, against the candidates found: the most similar one is its twin, of equals the
 * earliest in order. */
static void choose_twin(greedy_t *job, workspace_t *w, int64_t row) {
    int64_t mine = job->distinct[row];
    for (int64_t k = 0; k < w->found.count; k++) {
        int64_t other = w->found.rows[k], theirs = job->distinct[other];
        double bound = mine < theirs ? (double)mine / (double)theirs : (double)theirs / (double)mine;
        double least = job->twin[row] < 0 ? job->threshold : job->similarity[row];
        if (bound < least) continue;
        shingle(&job->texts, job->table, other, job->n, &w->right);
        /* J >= t means common >= t / (1 + t) * (mine + theirs); one less, so that rounding loses nothing. */
        int64_t common = common_shingles(w, (int64_t)(least / (1.0 + least) * (double)(mine + theirs)) - 1);
        if (common < 0) continue;
        double found = (double)common / (double)(mine + theirs - common);
        if (found < least) continue;
        if (job->twin[row] < 0 || found > least || job->place[other] < job->place[job->twin[row]]) {
            job->twin[row] = other;
            job->similarity[row] = found;
        }
    }
}

int greedy_compare(greedy_t *job, int worker, int64_t start, int64_t end) {
    workspace_t *w = job->workspaces[worker];
    for (int64_t k = start; k < end; k++) {
        int64_t row = job->order[k];
        if (job->may_stay[row] == STAYS) {
            if (in_a_group(job, row)) take_up(job, w, row);
            continue;
        }
        int grouped = candidates(job, w, row, 0);
        if (grouped < 0) return -1;
        if (grouped) take_up(job, w, row);
        choose_twin(job, w, row);
    }
    return 0;
}

int greedy_place(greedy_t *job, int64_t start, int64_t end) {
    const int64_t rows = job->texts.n;
    workspace_t *w = job->workspaces[0];
    for (int64_t k = start; k < end; k++) {
        int64_t row = job->order[k];
        int stays = job->may_stay[row] == STAYS;
        int grouped = stays ? 1 : candidates(job, w, row, start);
        if (grouped < 0) return -1;
        if (!stays && w->found.count) {
            take_up(job, w, row);
            choose_twin(job, w, row);
        }
        if (!grouped || job->twin[row] >= 0 || !job->may_stay[row]) continue;
        for (int64_t band = 0; band < job->bands; band++) {
            int32_t *link = job->groups + band * rows + row;
            if (*link < 0) continue;
            int32_t group = *link;
            *link = job->head[group];
            job->head[group] = (int32_t)row;
        }
    }
    return 0;
}

int greedy_open(greedy_t *job, int workers) {
    const size_t rows = (size_t)job->texts.n + 1;
    job->head = malloc(((size_t)job->group_count + 1) * sizeof *job->head);
    job->place = malloc(rows * sizeof *job->place);
    job->distinct = calloc(rows, sizeof *job->distinct);
    job->workspaces = calloc((size_t)workers, sizeof *job->workspaces);
    job->workers = job->workspaces ? workers : 0;
    if (!job->head || !job->place || !job->distinct || !job->workspaces) return -1;
    int64_t most = longest(&job->texts);
    for (int k = 0; k < workers; k++) {
        workspace_t *w = job->workspaces[k] = calloc(1, sizeof *w);
        if (!w || open_workspace(w, most, job->n) < 0 || !(w->met = malloc(rows * sizeof *w->met))) return -1;
        for (int64_t row = 0; row < job->texts.n; row++) w->met[row] = -1;
    }
    for (int64_t k = 0; k < job->group_count; k++) job->head[k] = -1;
    for (int64_t k = 0; k < job->texts.n; k++) job->place[k] = -1;
    for (int64_t k = 0; k < job->order_count; k++) job->place[job->order[k]] = (int32_t)k;
    return 0;
}

void greedy_close(greedy_t *job) {
    for (int k = 0; k < job->workers; k++) {
        if (!job->workspaces[k]) continue;
        close_workspace(job->workspaces[k]);
        free(job->workspaces[k]);
    }
    free(job->workspaces);
    free(job->head);
    free(job->place);
    free(job->distinct);
}

int jaccard_pairs(const texts_t *texts, const uint32_t *table, int n, const int64_t *a, const int64_t *b,
                  int64_t pairs, double *out) {
    workspace_t w;
    int failed = open_workspace(&w, longest(texts), n);
    for (int64_t k = 0; k < pairs && !failed; k++) {
        shingle(texts, table, b[k], n, &w.left);
        fill_set(&w);
        int64_t theirs = w.set.distinct;
        shingle(texts, table, a[k], n, &w.left);
        fill_set(&w);
        shingle(texts, table, b[k], n, &w.right);
        int64_t common = common_shingles(&w, 0);
        out[k] = (double)common / (double)(w.set.distinct + theirs - common);
    }
    close_workspace(&w);
    return failed;
}

/* A text as the list of its distinct shingles, by hash and by where each first stands. */
typedef struct {
    int64_t row; /* -1 for none */
    int64_t room;
    shingled_t text; /* `hashes` and `count` of distinct shingles only */
    uint32_t *at;
} listed_t;

static void close_listed(listed_t *listed) {
    free(listed->text.points);
    free(listed->text.hashes);
    free(listed->at);
}

static int make_room(listed_t *listed, int64_t points) {
    if (points <= listed->room) return 0;
    close_listed(listed);
    listed->row = -1;
    listed->room = points;
    listed->text.points = malloc((size_t)points * sizeof(uint32_t));
    listed->text.hashes = malloc((size_t)points * sizeof(uint64_t));
    listed->at = malloc((size_t)points * sizeof(uint32_t));
    if (listed->text.points && listed->text.hashes && listed->at) return 0;
    listed->room = 0;
    return -1;
}

/* In crowds of texts that are much alike each comes up again and again: those met last are held, a text at its number
 * modulo the slots. Longer ones are not. */
#define SLOTS 2048
#define LONGEST_HELD 2048

/* What compares many pairs: `set` holds the left text's shingles, `bits` one bit for each by its hash, thirty-two times
 * as many bits as shingles or more. */
typedef struct {
    const texts_t *texts;
    const uint32_t *table;
    int n;
    set_t set, other;
    uint64_t *bits, bits_mask;
    int32_t *distinct; /* [n]: how many shingles, 0 where nobody counted */
    listed_t left, right, *slots;
} pairing_t;

static int open_pairing(pairing_t *p) {
    int64_t most = longest(p->texts);
    uint64_t size = 64;
    while (size < 2 * (uint64_t)(most + 16)) size *= 2;
    p->bits = malloc((size_t)size * 2);
    p->distinct = calloc((size_t)p->texts->n + 1, sizeof *p->distinct);
    p->slots = calloc(SLOTS, sizeof *p->slots);
    int failed = open_set(&p->set, most) | open_set(&p->other, most);
    return p->bits && p->distinct && p->slots ? failed : -1;
}

static void close_pairing(pairing_t *p) {
    for (int k = 0; p->slots && k < SLOTS; k++) close_listed(p->slots + k);
    close_listed(&p->left);
    close_listed(&p->right);
    close_set(&p->set);
    close_set(&p->other);
    free(p->slots);
    free(p->bits);
    free(p->distinct);
}

/* A text's distinct shingles, in `listed`. Returns 0, or -1 when memory ran out. */
static int list_text(pairing_t *p, listed_t *listed, int64_t row) {
    if (listed->room && listed->row == row) return 0;
    int64_t bytes = p->texts->end[row] - p->texts->start[row];
    if (make_room(listed, bytes + bytes / 4 + 16) < 0) return -1;
    shingled_t *text = &listed->text;
    shingle(p->texts, p->table, row, p->n, text);
    fill(&p->other, text, p->n, listed->at);
    text->count = p->other.distinct;
    for (int64_t d = 0; d < text->count; d++) text->hashes[d] = text->hashes[listed->at[d]];
    p->distinct[row] = (int32_t)text->count;
    listed->row = row;
    return 0;
}

static listed_t *where_listed(pairing_t *p, int64_t row) {
    return p->texts->end[row] - p->texts->start[row] <= LONGEST_HELD ? p->slots + row % SLOTS : &p->right;
}

/* Make a text the left one of the pairs to come. */
static int take_left(pairing_t *p, int64_t row) {
    if (list_text(p, &p->left, row) < 0) return -1;
    const shingled_t *text = &p->left.text;
    set_t *set = &p->set;
    uint64_t size = 64;
    while (size < 2 * (uint64_t)text->count) size *= 2;
    set->mask = size - 1;
    memset(set->place, 0, (size_t)size * sizeof *set->place);
    p->bits_mask = 16 * size - 1;
    memset(p->bits, 0, (size_t)size * 2);
    for (int64_t d = 0; d < text->count; d++) {
        uint64_t h = text->hashes[d] >> 20, slot = h & set->mask, bit = h & p->bits_mask;
        while (set->place[slot]) slot = (slot + 1) & set->mask;
        set->place[slot] = (uint32_t)d + 1;
        set->hash[slot] = text->hashes[d];
        p->bits[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
    return 0;
}

/* How many shingles both texts have; -1 where they are fewer than `needed`. A set bit for each is the least that it
 * takes, and tells most pairs apart. */
static int64_t common_listed(const pairing_t *p, const listed_t *right, int64_t needed) {
    const shingled_t *text = &right->text, *left = &p->left.text;
    int64_t most = 0, common = 0;
    for (int64_t d = 0; d < text->count; d++) {
        uint64_t bit = text->hashes[d] >> 20 & p->bits_mask;
        most += (int64_t)(p->bits[bit >> 6] >> (bit & 63) & 1);
    }
    if (most < needed) return -1;
    for (int64_t d = 0; d < text->count; d++) {
        uint64_t h = text->hashes[d], slot = h >> 20 & p->set.mask;
        for (; p->set.place[slot]; slot = (slot + 1) & p->set.mask) {
            int64_t other = p->set.place[slot] - 1;
            if (p->set.hash[slot] == h && same_shingle(left, p->left.at[other], text, right->at[d], p->n)) {
                common++;
                break;
            }
        }
    }
    return common < needed ? -1 : common;
}

static int compare_pairs(pairing_t *p, const int64_t *a, const int64_t *b, int64_t pairs, double least, double *out) {
    for (int64_t k = 0; k < pairs; k++) {
        out[k] = -1.0;
        if (p->left.row != a[k] && take_left(p, a[k]) < 0) return -1;
        listed_t *right = where_listed(p, b[k]);
        if (!p->distinct[b[k]] && list_text(p, right, b[k]) < 0) return -1;
        int64_t mine = p->distinct[a[k]], theirs = p->distinct[b[k]];
        double bound = mine < theirs ? (double)mine / (double)theirs : (double)theirs / (double)mine;
        if (bound < least) continue;
        if (list_text(p, right, b[k]) < 0) return -1;
        int64_t common = common_listed(p, right, (int64_t)(least / (1.0 + least) * (double)(mine + theirs)) - 1);
        double found = common < 0 ? -1.0 : (double)common / (double)(mine + theirs - common);
        if (found >= least) out[k] = found;
    }
    return 0;
}

int similar_pairs(const texts_t *texts, const uint32_t *table, int n, const int64_t *a, const int64_t *b, int64_t pairs,
                  double least, double *out) {
    pairing_t p = {.texts = texts, .table = table, .n = n, .left = {.row = -1}};
    int failed = open_pairing(&p);
    if (!failed) failed = compare_pairs(&p, a, b, pairs, least, out);
    close_pairing(&p);
    return failed;
}
