"""Backends for agent frameworks: each framework's own storage interface, on one DynamoDB table.

| framework | import | classes |
| --- | --- | --- |
| LangChain | `leyden.agents.langchain` | `LeydenChatMessageHistory` |
| LangGraph | `leyden.agents.langgraph` | `LeydenSaver`, `LeydenStore` |
| Microsoft Agent Framework | `leyden.agents.agent_framework` | `LeydenHistoryProvider` |
| OpenAI Agents SDK | `leyden.agents.openai_agents` | `LeydenSession` |
| Pydantic AI | `leyden.agents.pydantic_ai` | `LeydenConversationStore` |

Each is an extra of the same name, such as `leyden[langgraph]`, and imports its framework only when
you import it. The items have schemas in `schemas/agents`, so you can also load and query them with
`leyden.load`. All of them may share one table.
"""
