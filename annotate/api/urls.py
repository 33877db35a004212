"""The API's map, under /api/v1/."""

urlpatterns: list[object] = []
