# Runs the steps of a benchmark, SIZE:ROUNDS each: the C pair and ours take turns, so that a slow moment affects both.
# The caller provides turn, which runs one round of a pair and prints its line.
run_steps() {
    for step; do
        rounds=${step#*:}
        while [ "$rounds" -gt 0 ]; do
            # The second of a round profits from the caches that the first one filled, so the order alternates.
            if [ $((rounds % 2)) = 0 ]; then order='c ours'; else order='ours c'; fi
            for pair in $order; do turn "$pair" "${step%:*}"; done
            rounds=$((rounds - 1))
        done
    done
}
