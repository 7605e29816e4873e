"""The memory store: an agent's threads, messages, working memory, workflow runs and scores."""
